import { describe, expect, it } from 'vitest';
import { countOf } from '../../scripts/support/test-report.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});
const report = (numPassedTests: number, ...testResults: ReturnType<typeof file>[]) =>
  JSON.stringify({ numPassedTests, testResults });

describe('the totals of a test run', () => {
  it('counts tests that passed and failed, and leaves skipped ones out', () => {
    const text = report(3, file('passed', 'passed', 'passed', 'pending'), file('failed', 'passed', 'failed'));
    expect(countOf(text, 1)).toEqual({ passed: 3, failed: 1 });
  });

  it('counts a file that broke before its first test', () => {
    expect(countOf(report(1, file('passed', 'passed'), file('failed')), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('counts a run that ended badly although every test passed', () => {
    expect(countOf(report(1, file('passed', 'passed')), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('counts a crash that left no report, or half of one', () => {
    expect(countOf(null, 134)).toEqual({ passed: 0, failed: 1 });
    expect(countOf('{"numPassed', 1)).toEqual({ passed: 0, failed: 1 });
  });
});
