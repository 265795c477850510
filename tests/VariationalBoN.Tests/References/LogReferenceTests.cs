using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public class LogReferenceTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Log_pi_ref_that_is_none_is_refused_in_prompts_and_stores(double logReference)
    {
        var completion = new Completion
        {
            Prompt = "x",
            Text = " y",
            PromptTokens = [1],
            Tokens = [2],
        };
        var prompt = Assert.Throws<ArgumentException>(() => new ReferencePrompt("x", [new ScoredSample(completion, 1, logReference)]));
        Assert.Contains("log pi_ref", prompt.Message, StringComparison.Ordinal);

        var row = new StoreRow
        {
            Prompt = "x",
            First = 0,
            Rewards = [1.0],
            LogReference = [logReference],
        };
        Assert.Contains("log pi_ref", Assert.Throws<ArgumentException>(row.Validate).Message, StringComparison.Ordinal);
    }
}
