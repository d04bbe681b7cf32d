package dev.kvasir.plans.verify;

/**
 * A loop that counts to a limit, proven but for overflow; its parts are numbers of instructions.
 *
 * @param top its first instruction, which loads the variable
 * @param last its last instruction, which jumps to the first
 * @param limit the instruction that pushes the limit
 * @param by what the variable grows by, at least 1
 */
record CountedLoop(int top, int last, CodeStep limit, int by) {}
