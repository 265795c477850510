using VariationalBoN;

namespace AlignHuggingFace.Tests;

[Trait("Tier", "fast")]
public sealed class VerdictTests
{
    private const int N = 8; // KL of Best-of-8 is 1.204

    [Theory]
    [InlineData(0.70, 0.02, 0.9, 0.05, true, "Aligned", "0.889")]
    [InlineData(0.70, 0.02, 0.0, 0.00, false, "did not move", "--learning-rate")]
    [InlineData(0.70, 0.02, 0.1, 0.06, false, "did not move", "--steps")]
    [InlineData(0.53, 0.04, 0.1, 0.01, false, "near the reference", "--steps")]
    [InlineData(0.57, 0.04, 0.5, 0.01, false, "too large to tell", "--held-out")]
    [InlineData(0.45, 0.01, 3.0, 0.10, false, "further", "lower --learning-rate")]
    public void Aligned_is_said_when_the_policy_moved_and_the_win_rate_rose_beyond_their_errors(
        double winRate,
        double error,
        double kl,
        double klError,
        bool aligned,
        params string[] expected
    )
    {
        var verdict = Verdict.Of(Estimate(0.5, 0.02), Estimate(winRate, error), Estimate(kl, klError), N);
        Assert.Equal(aligned, verdict.Aligned);
        Assert.StartsWith(aligned ? "Aligned:" : "Not aligned:", verdict.Text, StringComparison.Ordinal);
        foreach (string part in expected)
            Assert.Contains(part, verdict.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void One_prompt_whose_errors_cannot_be_known_is_never_called_aligned() =>
        Assert.False(
            Verdict.Of(Estimate(0.5, double.PositiveInfinity), Estimate(1, double.PositiveInfinity), Estimate(1, 0.01), N).Aligned
        );

    [Theory]
    [InlineData(1.0, 0.1, "agrees")]
    [InlineData(-1.0, 0.1, "reward hacking")]
    [InlineData(0.1, 0.1, "no difference")]
    public void A_second_judge_says_whether_the_first_is_exploited(double after, double error, string expected) =>
        Assert.Contains(expected, Verdict.OfSecond(Estimate(0, error), Estimate(after, error)), StringComparison.Ordinal);

    private static Estimate Estimate(double value, double error) => new(value, error, 20);
}
