package dev.kvasir.ir.policy;

import java.math.BigDecimal;

/**
 * How a set was chosen that a policy gives as a share.
 *
 * @param percent the share, 0 to 100
 * @param scores what it was chosen by
 */
public record CalibratedChoice(BigDecimal percent, HeadScores scores) {}
