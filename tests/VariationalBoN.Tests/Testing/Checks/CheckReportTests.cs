using VariationalBoN.Testing.Checks;

namespace VariationalBoN.Tests.Testing.Checks;

[Trait("Tier", "fast")]
public sealed class CheckReportTests
{
    private static readonly CheckReport s_report = new()
    {
        Subject = "judge",
        Results =
        [
            CheckResult.Of("one", 0.5, 1, "a share"),
            CheckResult.Of("two | three", 3, 1, "a difference", "the mask", "the moon"),
            CheckResult.Skip("four", "there is none"),
        ],
    };

    [Fact]
    public void Text_shows_numbers_thresholds_and_causes() =>
        Assert.Equal(
            """
            FAILED: judge: 1 passed, 1 failed, 1 skipped
            [ok]   one          0.5 (at most 1): a share
            [FAIL] two | three  3 (at most 1): a difference
                   likely cause: the mask
                   likely cause: the moon
            [skip] four         there is none
            """.ReplaceLineEndings("\n"),
            s_report.ToString()
        );

    [Fact]
    public void Markdown_is_a_table_with_a_row_for_each_check()
    {
        string[] lines = s_report.ToMarkdown().TrimEnd().Split('\n');
        Assert.Equal("| one | passed | 0.5 | 1 | a share |", lines[4]);
        Assert.Equal(@"| two \| three | failed | 3 | 1 | a difference **Likely cause:** the mask. **Likely cause:** the moon. |", lines[5]);
        Assert.Equal(7, lines.Length);
    }

    [Fact]
    public void Failed_report_throws_itself_and_a_passed_one_does_not()
    {
        var thrown = Assert.Throws<CheckFailedException>(s_report.ThrowIfFailed);
        Assert.Same(s_report, thrown.Report);
        Assert.Equal(s_report.ToString(), thrown.Message);
        (s_report with { Results = [s_report.Results[0], s_report.Results[2]] }).ThrowIfFailed();
    }

    [Fact]
    public void NaN_fails_and_unknown_names_are_refused_with_those_there_are()
    {
        Assert.Equal(CheckStatus.Failed, CheckResult.Of("x", double.NaN, 1, "").Status);
        Assert.Contains("\"four\"", Assert.Throws<KeyNotFoundException>(() => s_report["five"]).Message, StringComparison.Ordinal);
    }
}
