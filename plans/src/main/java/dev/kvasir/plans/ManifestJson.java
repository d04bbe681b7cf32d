package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.kvasir.plans.Manifest.ModelReference;
import dev.kvasir.plans.Manifest.PolicyRecord;
import dev.kvasir.plans.Manifest.TokenizerFacts;
import dev.kvasir.plans.PlanException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** {@code manifest.json}: the manifest and a record of every other entry. */
final class ManifestJson {

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /**
   * What the entry holds.
   *
   * @param entries the other entries in their order, names proper and ascending
   */
  record Content(Manifest manifest, List<EntryRecord> entries) {
    Content {
      entries = List.copyOf(entries);
    }
  }

  private ManifestJson() {}

  static byte[] write(Manifest manifest, List<EntryRecord> entries) {
    return JsonText.object(
        json -> {
          json.writeObjectFieldStart("format");
          json.writeNumberField("major", manifest.formatMajor());
          json.writeNumberField("minor", manifest.formatMinor());
          json.writeEndObject();
          json.writeStringField("compiler", manifest.compilerVersion());
          json.writeStringField("target", manifest.target());
          JsonText.texts(json, "features", manifest.features());
          writeModel(json, manifest.model());
          json.writeObjectFieldStart("tokenizer");
          json.writeStringField("kind", manifest.tokenizer().kind());
          if (manifest.tokenizer().sha256().isPresent()) {
            json.writeStringField("sha256", manifest.tokenizer().sha256().get());
          }
          json.writeEndObject();
          writePolicy(json, manifest.policy());
          json.writeNumberField("context", manifest.context());
          json.writeNumberField("span", manifest.span());
          json.writeNumberField("page_rows", manifest.pageRows());
          JsonText.sizes(json, "tiles", manifest.tiles());
          json.writeArrayFieldStart("entries");
          for (EntryRecord entry : entries) {
            json.writeStartObject();
            json.writeStringField("name", entry.name());
            json.writeNumberField("bytes", entry.bytes());
            json.writeStringField("sha256", entry.sha256());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /**
   * {@return the content of {@code bytes}}
   *
   * @throws PlanException before anything else when the major version is another
   */
  static Content read(byte[] bytes) throws PlanException {
    JsonFields lenient = JsonFields.parse(PlanFormat.MANIFEST, bytes, true);
    int minor = checkVersion(lenient.object("format"));
    JsonFields fields = lenient.tolerating(minor > PlanFormat.MINOR);
    JsonFields format = fields.object("format");
    Manifest manifest =
        new Manifest(
            format.integer("major"),
            format.integer("minor"),
            fields.text("compiler"),
            fields.text("target"),
            fields.texts("features"),
            readModel(fields.object("model")),
            readTokenizer(fields.object("tokenizer")),
            readPolicy(fields.object("policy")),
            fields.integer("context"),
            fields.integer("span"),
            fields.integer("page_rows"),
            fields.object("tiles").allIntegers());
    List<EntryRecord> entries = readEntries(fields);
    format.end();
    fields.end();
    return new Content(manifest, entries);
  }

  private static int checkVersion(JsonFields format) throws PlanException {
    int major = format.integer("major");
    int minor = format.integer("minor");
    if (major != PlanFormat.MAJOR) {
      throw new PlanException(
          major < PlanFormat.MAJOR ? Reason.TOO_OLD : Reason.TOO_NEW,
          PlanFormat.MANIFEST,
          "expected format version %d, got %d.%d".formatted(PlanFormat.MAJOR, major, minor));
    }
    if (minor < 0) {
      throw new PlanException(
          Reason.MALFORMED,
          PlanFormat.MANIFEST + ": format",
          "expected a minor version from 0, got " + minor);
    }
    return minor;
  }

  private static List<EntryRecord> readEntries(JsonFields fields) throws PlanException {
    List<EntryRecord> entries = new ArrayList<>();
    // The manifest sorts before every other entry.
    String previous = PlanFormat.MANIFEST;
    for (JsonFields field : fields.objects("entries")) {
      EntryRecord entry =
          new EntryRecord(field.text("name"), field.longInteger("bytes"), field.text("sha256"));
      field.end();
      if (!PlanFormat.isEntryName(entry.name())) {
        throw field.refused("a name of letters, digits, \"_\", \".\", \"-\" and \"/\"");
      }
      if (PlanFormat.ORDER.compare(previous, entry.name()) >= 0) {
        throw field.refused("a name after " + previous);
      }
      if (entry.bytes() < 0 || entry.bytes() > PlanFormat.limit(entry.name())) {
        throw field.refused("a size from 0 to %d".formatted(PlanFormat.limit(entry.name())));
      }
      if (!SHA256.matcher(entry.sha256()).matches()) {
        throw field.refused("a SHA-256 of 64 lower-case hexadecimal digits");
      }
      entries.add(entry);
      previous = entry.name();
    }
    if (entries.size() >= PlanFormat.MAX_ENTRIES) {
      throw new PlanException(
          Reason.TOO_LARGE,
          PlanFormat.MANIFEST,
          "expected at most %d entries, got %d"
              .formatted(PlanFormat.MAX_ENTRIES, entries.size() + 1));
    }
    return entries;
  }

  private static void writeModel(JsonGenerator json, ModelReference model) throws IOException {
    json.writeObjectFieldStart("model");
    json.writeStringField("name", model.name());
    json.writeStringField("fingerprint", model.fingerprint());
    if (model.fullHash().isPresent()) {
      json.writeStringField("full_hash", model.fullHash().get());
    }
    json.writeStringField("path_hint", model.pathHint());
    json.writeNumberField("layers", model.layers());
    json.writeNumberField("query_heads", model.queryHeads());
    json.writeNumberField("kv_heads", model.kvHeads());
    json.writeNumberField("key_dim", model.keyDim());
    json.writeNumberField("value_dim", model.valueDim());
    json.writeNumberField("vocabulary", model.vocabulary());
    json.writeNumberField("softmax_scale", model.softmaxScale());
    json.writeNumberField("rope_theta", model.ropeTheta());
    json.writeStringField("rope_style", model.ropeStyle());
    if (model.ropeScaling().isPresent()) {
      json.writeStringField("rope_scaling", model.ropeScaling().get());
    }
    JsonText.integers(json, "end_tokens", model.endTokens());
    json.writeEndObject();
  }

  private static ModelReference readModel(JsonFields fields) throws PlanException {
    ModelReference model =
        new ModelReference(
            fields.text("name"),
            fields.text("fingerprint"),
            fields.optionalText("full_hash"),
            fields.text("path_hint"),
            fields.integer("layers"),
            fields.integer("query_heads"),
            fields.integer("kv_heads"),
            fields.integer("key_dim"),
            fields.integer("value_dim"),
            fields.integer("vocabulary"),
            fields.number("softmax_scale"),
            fields.number("rope_theta"),
            fields.text("rope_style"),
            fields.optionalText("rope_scaling"),
            fields.integers("end_tokens"));
    fields.end();
    return model;
  }

  private static TokenizerFacts readTokenizer(JsonFields fields) throws PlanException {
    TokenizerFacts tokenizer =
        new TokenizerFacts(fields.text("kind"), fields.optionalText("sha256"));
    boolean hashed = tokenizer.sha256().filter(hash -> SHA256.matcher(hash).matches()).isPresent();
    if (hashed != tokenizer.kind().equals(TokenizerFacts.HUGGING_FACE)) {
      throw fields.refused(
          "a SHA-256 of 64 lower-case hexadecimal digits for kind "
              + TokenizerFacts.HUGGING_FACE
              + ", and none for another");
    }
    fields.end();
    return tokenizer;
  }

  private static void writePolicy(JsonGenerator json, PolicyRecord policy) throws IOException {
    json.writeObjectFieldStart("policy");
    json.writeStringField("name", policy.name());
    json.writeStringField("text", policy.text());
    json.writeStringField("sha256", policy.sha256());
    json.writeStringField("resolved", policy.resolvedJson());
    json.writeEndObject();
  }

  private static PolicyRecord readPolicy(JsonFields fields) throws PlanException {
    PolicyRecord policy =
        new PolicyRecord(
            fields.text("name"),
            fields.text("text"),
            fields.text("sha256"),
            fields.text("resolved"));
    fields.end();
    return policy;
  }
}
