package dev.kvasir.runtime;

/** Stands for the tokenizer of a model that has none: its sessions know token ids alone. */
final class NoTokenizer implements Tokenizer {

  private static final Decoder SILENT =
      new Decoder() {
        @Override
        public String append(int token) {
          return "";
        }

        @Override
        public String finish() {
          return "";
        }
      };

  @Override
  public int[] encode(String text) {
    throw missing();
  }

  /** {@return a decoder that gives no text, since generations have tokens even so} */
  @Override
  public Decoder newDecoder() {
    return SILENT;
  }

  @Override
  public String decode(int... tokens) {
    throw missing();
  }

  static KvasirException missing() {
    return new KvasirException(
        ErrorCode.NO_TOKENIZER,
        "the plan's model has no tokenizer, so that there is no text; give and take token ids, or"
            + " put the model's tokenizer.json into its folder and compile the plan again");
  }
}
