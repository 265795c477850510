using VariationalBoN.Evaluation;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "torch")]
public sealed class JudgeWatchTests
{
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 40).Select(i => (Prompt)$"p{i}")];
    private static readonly IRewardModel s_first = RewardModel.FromFunction(WordPolicy.Reward, "word number");
    private static readonly IRewardModel s_second = RewardModel.FromFunction(
        c => c.Tokens[0] == 3 ? -1 : WordPolicy.Reward(c),
        "likes 2 best"
    );

    [Fact]
    public async Task A_policy_that_moves_to_what_the_second_judge_dislikes_is_alarmed_of_and_one_that_improves_is_not()
    {
        var watch = Watch();

        var start = await watch.LookAsync(new WordPolicy([.4, .3, .2, .1]), 0);
        var better = await watch.LookAsync(new WordPolicy([.1, .2, .6, .1]), 10);
        var exploits = await watch.LookAsync(new WordPolicy([.05, .05, .1, .8]), 20);

        Assert.Equal((0L, 0L, 10L), (start.PeakStep, better.PeakStep, exploits.PeakStep));
        Assert.Equal([false, false, true], watch.Readings.Select(reading => reading.IsAlarm));
        Assert.True(exploits.FirstChange.Value > 0);
        Assert.Equal(exploits.Second.Value - better.Second.Value, exploits.SecondChange.Value, 1e-12);
        Assert.Contains("Stop at step 10", exploits.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("exploits", better.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unchanged_policy_draws_the_same_and_one_that_both_judges_like_less_is_no_alarm()
    {
        var watch = Watch();

        await watch.LookAsync(new WordPolicy([.1, .2, .6, .1]), 0);
        var unchanged = await watch.LookAsync(new WordPolicy([.1, .2, .6, .1]), 1);
        var worse = await watch.LookAsync(new WordPolicy([.9, .1, 0, 0]), 2);

        Assert.Equal((0, 0), (unchanged.SecondChange.Value, unchanged.SecondChange.StandardError));
        Assert.True(worse.SecondChange.Value < worse.Threshold);
        Assert.False(worse.IsAlarm);
    }

    [Fact]
    public async Task State_that_is_saved_and_loaded_goes_on_alike_and_other_prompts_are_refused()
    {
        var one = Watch();
        await one.LookAsync(new WordPolicy([.1, .2, .6, .1]), 5);
        await one.LookAsync(new WordPolicy([.1, .3, .5, .1]), 7);
        using var stream = new MemoryStream();
        one.Save(stream);
        stream.Position = 0;
        var other = Watch();
        other.Load(stream);

        Assert.Equal(one.Readings.AsEnumerable(), other.Readings);
        Assert.Equal(
            await one.LookAsync(new WordPolicy([.05, .05, .1, .8]), 9),
            await other.LookAsync(new WordPolicy([.05, .05, .1, .8]), 9)
        );
        stream.Position = 0;
        Assert.Contains(
            "not the 2 of this watch",
            Assert.Throws<InvalidDataException>(() => Watch("a", "b").Load(stream)).Message,
            StringComparison.Ordinal
        );
        stream.Position = 0;
        var seeded = new JudgeWatch(
            new Scorer(new WordPolicy([.4, .3, .2, .1]), s_first),
            s_second,
            s_prompts,
            new JudgeWatchOptions { Seed = 3 }
        );
        Assert.Contains("seed 3", Assert.Throws<InvalidDataException>(() => seeded.Load(stream)).Message, StringComparison.Ordinal);
        foreach (string bad in new[] { "null", "{", "{}", "[]" })
            Assert.Throws<InvalidDataException>(() => Watch().Load(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(bad))));
    }

    /// <summary>The first judge rises at every look, the second wanders around one mean: 20 looks, 200 runs.</summary>
    [Fact]
    public void Runs_without_a_fall_are_hardly_ever_alarmed_of()
    {
        int alarms = 0;
        for (int run = 0; run < 200; run++)
        {
            var watch = Watch();
            for (int look = 0; look < 20; look++)
            {
                var random = new CounterRandom(new DrawSeed(run), "look", look);
                watch.Add(
                    look,
                    [.. s_prompts.Select(_ => (double?)look)],
                    [.. Enumerable.Range(0, s_prompts.Length).Select(i => (double?)random.Normal(i))]
                );
            }

            alarms += watch.Readings.Any(reading => reading.IsAlarm) ? 1 : 0;
        }

        Assert.InRange(alarms, 0, 10); // 5 %
    }

    [Fact]
    public async Task Too_few_prompts_the_same_judge_and_steps_that_go_back_are_refused()
    {
        var scorer = new Scorer(new WordPolicy([.4, .3, .2, .1]), s_first);

        Assert.Contains("one held-out prompt", Assert.Throws<ArgumentException>(() => Watch("a", "a")).Message, StringComparison.Ordinal);
        Assert.Contains(
            "word number",
            Assert.Throws<ArgumentException>(() => new JudgeWatch(scorer, s_first, s_prompts)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new JudgeWatch(scorer, s_second, s_prompts, new JudgeWatchOptions { CompletionsPerPrompt = 0 })
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new JudgeWatch(scorer, s_second, s_prompts, new JudgeWatchOptions { Confidence = double.NaN })
        );
        var watch = Watch();
        await watch.LookAsync(new WordPolicy([.4, .3, .2, .1]), 5);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => watch.LookAsync(new WordPolicy([.4, .3, .2, .1]), 5));
        var failing = new JudgeWatch(
            scorer,
            RewardModel.FromFunction(c => c.Prompt == "p1" ? 1 : double.NaN, "fails"),
            s_prompts,
            new JudgeWatchOptions { SecondScoring = new ScoringOptions { OnFailure = RewardFailure.Exclude } }
        );
        Assert.Contains(
            "Only 1 of 40",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => failing.LookAsync(new WordPolicy([.4, .3, .2, .1]), 0))).Message,
            StringComparison.Ordinal
        );
    }

    private static JudgeWatch Watch(params Prompt[] prompts) =>
        new(new Scorer(new WordPolicy([.4, .3, .2, .1]), s_first), s_second, prompts.Length == 0 ? s_prompts : prompts);
}
