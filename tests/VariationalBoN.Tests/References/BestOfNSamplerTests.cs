using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class BestOfNSamplerTests
{
    private static readonly double[] s_words = [0.4, 0.3, 0.2, 0.1];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5000)]
    public async Task Answer_is_the_best_of_the_next_n_draws_of_its_prompt(int n)
    {
        var policy = new WordPolicy(s_words);
        Prompt[] prompts = ["a", "b", "a", "a"];

        var answers = await new BestOfNSampler(policy, s_reward).SampleAsync(prompts, n, seed: 7);

        int[] occurrence = [0, 0, 1, 2];
        Assert.Equal(prompts, answers.Select(answer => answer.Completion.Prompt));
        for (int i = 0; i < prompts.Length; i++)
        {
            double best = policy.Sample([prompts[i]], n, new DrawSeed(7, DrawPurpose.Serving, occurrence[i] * n)).Max(WordPolicy.Reward);
            Assert.Equal(best, answers[i].Reward);
            Assert.Equal(Math.Log(s_words[(int)best]), answers[i].LogReference);
        }
    }

    [Fact]
    public async Task Answers_follow_the_best_of_n_distribution()
    {
        const int Count = 20_000,
            N = 4;
        Prompt[] prompts = [.. Enumerable.Repeat("a", Count)];

        var answers = await new BestOfNSampler(new WordPolicy(s_words), s_reward).SampleAsync(prompts, N, seed: 1);

        double below = 0;
        for (int word = 0; word < s_words.Length; word++)
        {
            double atOrBelow = below + s_words[word],
                expected = Math.Pow(atOrBelow, N) - Math.Pow(below, N);
            double observed = answers.Count(answer => answer.Reward == word) / (double)Count;
            Assert.InRange(observed, expected - Bound(expected), expected + Bound(expected));
            below = atOrBelow;
        }

        static double Bound(double p) => 4 * Math.Sqrt(p * (1 - p) / Count);
    }

    [Fact]
    public async Task Draws_without_a_reward_are_passed_over_and_none_left_is_named()
    {
        var failing = RewardModel.FromFunction(c => c.Prompt == "dead" || c.Tokens[0] == 3 ? double.NaN : c.Tokens[0], "test judge");
        var sampler = new BestOfNSampler(
            new WordPolicy([0.1, 0.1, 0.1, 0.7]),
            failing,
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );

        var answers = await sampler.SampleAsync(["a"], 200, seed: 1);

        Assert.Equal(2, answers[0].Reward);
        Assert.Contains(
            "\"dead\"",
            (await Assert.ThrowsAsync<RewardModelException>(() => sampler.SampleAsync(["a", "dead"], 200, seed: 1))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task No_prompt_or_no_draw_is_refused()
    {
        var sampler = new BestOfNSampler(new WordPolicy(s_words), s_reward);

        Assert.Contains(
            "no prompt",
            (await Assert.ThrowsAsync<ArgumentException>(() => sampler.SampleAsync([], 4, seed: 1))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("n", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => sampler.SampleAsync(["a"], 0, seed: 1))).ParamName);
    }
}
