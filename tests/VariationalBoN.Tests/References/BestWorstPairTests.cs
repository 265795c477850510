using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class BestWorstPairTests
{
    private static readonly ReferencePrompt s_prompt = new("x", Enumerable.Range(0, 6).Select(i => Sample(i, i / 2)));

    [Fact]
    public void The_best_has_the_probability_that_the_weights_say()
    {
        const int Draws = 20_000;
        double[] weights = s_prompt.BestOfNWeights(3),
            counts = new double[6],
            worst = new double[6];
        for (int draw = 0; draw < Draws; draw++)
        {
            var pair = BestWorstPair.Draw(s_prompt, 3, draw);
            Assert.NotEqual(pair.Best.Completion.Text, pair.Worst.Completion.Text);
            Assert.True(pair.Best.Reward >= pair.Worst.Reward);
            counts[pair.Best.Completion.Tokens[0]]++;
            worst[pair.Worst.Completion.Tokens[0]]++;
        }

        for (int i = 0; i < 6; i++)
        {
            Assert.InRange(counts[i] / Draws, weights[i] - 0.015, weights[i] + 0.015); // above four standard errors
            Assert.InRange(worst[i] / Draws, weights[5 - i] - 0.015, weights[5 - i] + 0.015); // by symmetry of the rewards
        }
    }

    [Fact]
    public void A_seed_gives_one_pair_and_other_seeds_others()
    {
        Assert.Equal(BestWorstPair.Draw(s_prompt, 2, 1), BestWorstPair.Draw(s_prompt, 2, 1));
        Assert.True(Enumerable.Range(0, 20).Select(seed => BestWorstPair.Draw(s_prompt, 2, seed)).Distinct().Count() > 5);
        Assert.NotEqual(
            BestWorstPair.Draw(s_prompt, 2, new DrawSeed(1) { FirstSample = 0 }),
            BestWorstPair.Draw(s_prompt, 2, new DrawSeed(1) { FirstSample = 1 })
        );
    }

    [Fact]
    public void A_pair_shares_no_random_number_with_completions_of_the_same_seed()
    {
        ScoredCompletion[] chosen = [.. Enumerable.Range(0, 20).Select(seed => BestWorstPair.Draw(s_prompt, 2, seed).Best)];
        foreach (DrawPurpose purpose in Enum.GetValues<DrawPurpose>())
            Assert.Equal(chosen, Enumerable.Range(0, 20).Select(seed => BestWorstPair.Draw(s_prompt, 2, new DrawSeed(seed, purpose)).Best));

        Assert.Equal(chosen, Enumerable.Range(0, 20).Select(seed => BestOfTwo(new DrawSeed(seed, DrawPurpose.Resampling))));
        Assert.NotEqual(chosen, Enumerable.Range(0, 20).Select(seed => BestOfTwo(seed))); // what sampling draws with
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BestWorstPair.Draw(s_prompt, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BestWorstPair.Draw(s_prompt, 7, 0));
        Assert.Contains(
            "without token ids",
            Assert.Throws<ArgumentException>(() => BestWorstPair.Draw(new ReferencePrompt("x", [1.0, 2], []), 2, 0)).Message,
            StringComparison.Ordinal
        );
    }

    /// <summary>The best of two different samples, by the first two numbers of a stream.</summary>
    private static ScoredCompletion BestOfTwo(DrawSeed seed)
    {
        var random = new CounterRandom(seed, s_prompt.Prompt, 0);
        List<ScoredCompletion> left = [.. s_prompt.Samples];
        ScoredCompletion first = left[(int)(random.Uniform(0) * 6)];
        left[left.IndexOf(first)] = left[0]; // where the first of a shuffle goes
        ScoredCompletion second = left[1 + (int)(random.Uniform(1) * 5)];
        return second.Reward > first.Reward ? second : first;
    }

    private static ScoredCompletion Sample(int token, double reward) =>
        new(
            new Completion
            {
                Prompt = "x",
                Text = $"{token}",
                Tokens = [token],
            },
            reward,
            -1
        );
}
