package dev.kvasir.cli.eval;

/**
 * One text, read token by token behind its first half.
 *
 * @param length tokens of the text
 * @param sample which text of this length, from 0
 * @param positions tokens that were predicted
 * @param logLikelihood sum of the natural logarithms of their probabilities
 * @param divergence Kullback-Leibler divergence from the reference's distribution, sum p ln(p / q)
 *     in nats, mean of the positions
 * @param agreement share of positions, 0 to 1, at which the reference has the same likeliest token
 * @param allocatedBytes cache bytes of the session at the end
 */
public record TextScore(
    int length,
    int sample,
    int positions,
    double logLikelihood,
    double divergence,
    double agreement,
    long allocatedBytes) {}
