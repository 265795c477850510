using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class EarlyStoppingTests
{
    private static readonly double[] s_words = [0.4, 0.3, 0.2, 0.1];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    /// <summary>Ten samples in the exact shares of the words: E[(r - b)+] is 1, .4, .1, 0 at b = 0, 1, 2, 3.</summary>
    private static ReferenceTable Table(params Prompt[] prompts) =>
        new ReferenceTable(
            prompts.Select(prompt => new ReferencePrompt(prompt, [0.0, 0, 0, 0, 1, 1, 1, 2, 2, 3], []))
        ).AcceptUnknownProvenance();

    [Fact]
    public void The_expected_gain_is_that_of_a_pencil()
    {
        ReferenceTable table = Table("a");
        var stopping = new EarlyStopping(table, costPerDraw: .2);
        Assert.Equal((table, .2), (stopping.Table, stopping.CostPerDraw));

        Assert.Equal(
            [1, .4, .1, 0, .7],
            new[] { 0, 1, 2, 3, .5 }.Select(best => stopping.ExpectedGain("a", best)),
            (one, other) => Math.Abs(one - other) < 1e-12
        );
        Assert.Equal(double.PositiveInfinity, stopping.ExpectedGain("a", double.NegativeInfinity));
    }

    [Theory]
    [InlineData(4, 1, .25)]
    [InlineData(5, 2, .25)]
    [InlineData(4, 1, .5)]
    [InlineData(3, 1, 0.0)]
    [InlineData(3, 4, 10.0)]
    public async Task Answers_follow_the_law_that_enumeration_gives_and_so_do_forecast_and_savings(int n, int round, double cost)
    {
        const int Count = 4_000;
        var stopping = new EarlyStopping(Table("a"), cost) { DrawsPerRound = round };
        double least = Enumerable.Range(0, 4).First(word => stopping.ExpectedGain("a", word) <= cost);
        (double[] law, double draws) = Enumerate(n, round, least);

        var answered = await new BestOfNSampler(new WordPolicy(s_words), s_reward).SampleUntilGoodEnoughAsync(
            [.. Enumerable.Repeat((Prompt)"a", Count)],
            n,
            stopping,
            seed: 3
        );

        Assert.Equal(n, answered.MaxDraws);
        for (int word = 0; word < 4; word++)
        {
            double bound = (4 * Math.Sqrt(law[word] * (1 - law[word]) / Count)) + 1e-12;
            Assert.InRange(answered.Answers.Count(answer => answer.Reward == word) / (double)Count, law[word] - bound, law[word] + bound);
        }

        EarlyStoppingForecast forecast = stopping.Forecast("a", n);
        double whole = Enumerable
            .Range(0, 4)
            .Sum(word => word * (Math.Pow(s_words.Take(word + 1).Sum(), n) - Math.Pow(s_words.Take(word).Sum(), n)));
        Assert.Equal(draws, forecast.Draws, 1e-12);
        Assert.Equal(law.Select((p, word) => p * word).Sum(), forecast.Reward, 1e-12);
        Assert.Equal(whole, forecast.RewardOfAll, 1e-12);
        Assert.InRange(answered.Draws.Average(), draws - (4.0 * n / Math.Sqrt(Count)), draws + (4.0 * n / Math.Sqrt(Count)));
        Assert.Equal((n * (long)Count) - answered.Draws.Sum(), answered.DrawsSaved);
    }

    [Fact]
    public async Task Draws_are_those_of_best_of_n_and_what_is_lost_is_expected_by_the_table()
    {
        const int N = 6;
        Prompt[] prompts = ["a", "b", "a", "c"];
        var policy = new WordPolicy(s_words);
        var stopping = new EarlyStopping(Table("a", "b"), .25) { DrawFullyWithoutTable = true };
        var sampler = new BestOfNSampler(policy, s_reward);

        var early = await sampler.SampleUntilGoodEnoughAsync(prompts, N, stopping, seed: 7);
        var full = await sampler.SampleAsync(prompts, N, seed: 7);

        int[] occurrence = [0, 0, 1, 0];
        var lost = new double[prompts.Length];
        for (int i = 0; i < prompts.Length; i++)
        {
            double[] drawn =
            [
                .. policy.Sample([prompts[i]], N, new DrawSeed(7, DrawPurpose.Serving, occurrence[i] * N)).Select(WordPolicy.Reward),
            ];
            int first = prompts[i] == "c" ? -1 : Array.FindIndex(drawn, reward => reward >= 2);
            Assert.Equal(first < 0 ? N : first + 1, early.Draws[i]);
            Assert.Equal(drawn.Take(early.Draws[i]).Max(), early.Answers[i].Reward);
            Assert.Equal(Math.Log(s_words[(int)early.Answers[i].Reward]), early.Answers[i].LogReference);
            Assert.True(full[i].Reward >= early.Answers[i].Reward);
            if (early.Draws[i] < N && early.Answers[i].Reward == 2)
                // without replacement: one 3 among ten
                lost[i] = 1 - Enumerable.Range(0, N - early.Draws[i]).Aggregate(1.0, (none, k) => none * (9.0 - k) / (10 - k));
        }

        Assert.Equal(lost.Average(), early.RewardLost.Value, 1e-12);
        Assert.Equal(3, early.RewardLost.Count);
        Assert.Equal(1, early.WithoutTable);
        Assert.Contains("draws saved", early.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Draws_without_a_reward_count_as_drawn_and_none_left_is_named()
    {
        var failing = RewardModel.FromFunction(c => c.Prompt == "dead" || c.Tokens[0] == 3 ? double.NaN : c.Tokens[0], "test judge");
        var sampler = new BestOfNSampler(
            new WordPolicy([0.1, 0.1, 0.1, 0.7]),
            failing,
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );
        var stopping = new EarlyStopping(Table("a", "dead"), .25) { DrawsPerRound = 50 };

        var answered = await sampler.SampleUntilGoodEnoughAsync(["a"], 200, stopping, seed: 1);

        Assert.Equal(2, answered.Answers[0].Reward);
        Assert.Equal(50, answered.Draws[0]);
        Assert.Contains(
            "\"dead\"",
            (
                await Assert.ThrowsAsync<RewardModelException>(() =>
                    sampler.SampleUntilGoodEnoughAsync(["a", "dead"], 200, stopping, seed: 1)
                )
            ).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Prompts_without_a_table_other_judges_and_bad_costs_are_refused()
    {
        var sampler = new BestOfNSampler(new WordPolicy(s_words), s_reward);

        string message = (
            await Assert.ThrowsAsync<KeyNotFoundException>(() =>
                sampler.SampleUntilGoodEnoughAsync(["a", "b"], 4, new EarlyStopping(Table("a"), .1), seed: 1)
            )
        ).Message;
        Assert.Contains("\"b\"", message, StringComparison.Ordinal);
        Assert.Contains(nameof(EarlyStopping.DrawFullyWithoutTable), message, StringComparison.Ordinal);
        var other = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), RewardModel.FromFunction(WordPolicy.Reward, "another judge")),
            ["a"],
            4,
            seed: 1
        );
        Assert.Contains(
            "another judge",
            (
                await Assert.ThrowsAsync<InvalidOperationException>(() =>
                    sampler.SampleUntilGoodEnoughAsync(["a"], 4, new EarlyStopping(other, .1), seed: 1)
                )
            ).Message,
            StringComparison.Ordinal
        );
        foreach (double cost in new[] { -.1, double.NaN, double.PositiveInfinity })
            Assert.Equal("costPerDraw", Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping(Table("a"), cost)).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping(Table("a"), 1) { DrawsPerRound = 0 });
        await Assert.ThrowsAsync<ArgumentException>(() =>
            sampler.SampleUntilGoodEnoughAsync([], 4, new EarlyStopping(Table("a"), .1), seed: 1)
        );
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            sampler.SampleUntilGoodEnoughAsync(["a"], 0, new EarlyStopping(Table("a"), .1), seed: 1)
        );
    }

    /// <summary>Every sequence of n words, drawn round by round until one is good enough.</summary>
    [Fact]
    public async Task A_draw_without_a_reward_counts_as_drawn_and_the_next_round_goes_on()
    {
        const int N = 40;
        int calls = 0;
        var failing = RewardModel.FromFunction(c => calls++ < 3 ? double.NaN : WordPolicy.Reward(c), "fails at first");
        var sampler = new BestOfNSampler(new WordPolicy(s_words), failing, new ScoringOptions { OnFailure = RewardFailure.Exclude });
        var stopping = new EarlyStopping(Table("a"), costPerDraw: 2); // any reward is good enough

        var answered = await sampler.SampleUntilGoodEnoughAsync(["a"], N, stopping, seed: 1);

        Assert.Equal(4, Assert.Single(answered.Draws));
        var dead = new BestOfNSampler(
            new WordPolicy(s_words),
            RewardModel.FromFunction(_ => double.NaN, "dead"),
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );
        Assert.Contains(
            $"None of the {N}",
            (await Assert.ThrowsAsync<RewardModelException>(() => dead.SampleUntilGoodEnoughAsync(["a"], N, stopping, seed: 1))).Message,
            StringComparison.Ordinal
        );
        static double Away(Completion completion) =>
            throw new HttpRequestException("away", null, System.Net.HttpStatusCode.InternalServerError);
        var absent = new BestOfNSampler(
            new WordPolicy(s_words),
            RewardModel.FromFunction(Away, "away"),
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );
        Assert.Contains(
            "the service's",
            (await Assert.ThrowsAsync<RewardModelException>(() => absent.SampleUntilGoodEnoughAsync(["a"], N, stopping, seed: 1))).Message,
            StringComparison.Ordinal
        );
    }

    private static (double[] Law, double Draws) Enumerate(int n, int round, double least)
    {
        double[] law = new double[4];
        double draws = 0;
        for (int sequence = 0; sequence < Math.Pow(4, n); sequence++)
        {
            int[] words = [.. Enumerable.Range(0, n).Select(i => sequence / (int)Math.Pow(4, i) % 4)];
            double p = words.Aggregate(1.0, (product, word) => product * s_words[word]);
            int drawn = 0,
                best = -1;
            while (drawn < n && best < least)
            {
                best = Math.Max(best, words.Skip(drawn).Take(round).Max());
                drawn = Math.Min(n, drawn + round);
            }

            law[best] += p;
            draws += p * drawn;
        }

        return (law, draws);
    }
}
