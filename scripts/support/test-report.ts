export type Count = { readonly passed: number; readonly failed: number };

/**
 * The totals of one vitest run from its JSON report (null when it wrote none) and exit code. A file that breaks before
 * its first test, and a run that ends badly without naming a test, count as one failure each.
 */
export function countOf(report: string | null, exitCode: number): Count {
  const { numPassedTests: passed, testResults } = parse(report);
  const failedTests = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  ).length;
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = failedTests + brokenFiles;
  return { passed, failed: exitCode !== 0 ? Math.max(1, failed) : failed };
}

type Report = {
  numPassedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
};

function parse(report: string | null): Report {
  const nothing: Report = { numPassedTests: 0, testResults: [] };
  if (report === null) return nothing;
  try {
    return JSON.parse(report);
  } catch {
    return nothing;
  }
}
