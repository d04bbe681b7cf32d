package dev.kvasir.runtime;

/** Why a generation ended. */
public enum FinishReason {
  /** As many tokens as were asked for. */
  MAX_TOKENS,
  /** A stop text appeared. */
  STOP,
  /** The model produced one of its end tokens. */
  END_TOKEN,
  /** The context is full. */
  CONTEXT_FULL,
  /** The caller cancelled it, or interrupted the thread. */
  CANCELLED
}
