using VariationalBoN.BestOfN;
using VariationalBoN.References;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Too few samples for N are said where the distribution is built.</summary>
[Trait("Tier", "fast")]
public sealed class SampleWarningTests
{
    [Fact]
    public void The_caller_is_told_once_and_can_ask_again()
    {
        var heard = new List<string>();

        EmpiricalBoNDistribution bestOfN = Table(40, 40).BestOf(64, logger: HeardLog.Warnings(heard.Add));

        Assert.Equal([bestOfN.Warning!], heard);
        Assert.StartsWith("M = 40 reference rewards are few for N = 64", heard[0]);
        Assert.Equal(bestOfN.Warning, bestOfN.LeaveOneOut().Warning);
        Assert.Single(heard);
    }

    [Fact]
    public void One_poor_prompt_is_told_from_all()
    {
        Assert.StartsWith("1 of 3 prompts have too few samples. M = 2 ", Table(40, 2, 50).BestOf(4).Warning);
        Assert.Null(Table(40, 50).BestOf(4).Warning);
    }

    [Fact]
    public void No_prompt_is_refused() =>
        Assert.Contains(
            "no prompt",
            Assert.Throws<ArgumentException>(() => new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf>(), 4)).Message
        );

    private static ReferenceTable Table(params int[] samples) =>
        new(samples.Select((count, p) => new ReferencePrompt($"prompt {p}", Enumerable.Range(0, count).Select(i => (double)i), [])));
}
