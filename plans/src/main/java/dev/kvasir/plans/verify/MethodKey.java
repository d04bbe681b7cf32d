package dev.kvasir.plans.verify;

/**
 * A method or field by its exact name.
 *
 * @param owner internal name of its class, slashes between packages
 * @param name its name
 * @param descriptor types of its parameters and result, or its type
 */
record MethodKey(String owner, String name, String descriptor) {

  @Override
  public String toString() {
    return owner.replace('/', '.')
        + "."
        + name
        + (descriptor.startsWith("(") ? "" : " ")
        + descriptor;
  }
}
