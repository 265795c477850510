using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceResamplingTests
{
    private static readonly double[] s_rewards = [0.5, -1, 3, 0.5, 2, 0.5];
    private static readonly ScoringIdentity s_origin = new("reference", "judge", "plain");

    [Fact]
    public void Samples_are_drawn_as_often_as_they_are_the_best()
    {
        ReferencePrompt prompt = Samples("x");
        double[] weights = prompt.BestOfNWeights(2);

        int[] drawn = Counts(ReferenceResampling.BestOf(prompt, 2, 60, seed: 1));

        // 15 pairs: 3.0 is best of 5, 2.0 of 4, each 0.5 of (3 + 3) / 3 = 2, -1 of none; 60 evenly spaced draws are exact up to one.
        Assert.Equal([2.0 / 15, 0, 5.0 / 15, 2.0 / 15, 4.0 / 15, 2.0 / 15], weights, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.All(weights.Zip(drawn), pair => Assert.InRange(pair.Second, (60 * pair.First) - 1, (60 * pair.First) + 1));
        Assert.Equal(0, drawn[1]);
    }

    [Fact]
    public void Few_draws_have_the_probability_that_the_weights_say()
    {
        const int Seeds = 20_000;
        ReferencePrompt prompt = Samples("x");
        double[] weights = prompt.BestOfNWeights(2);

        int[] counts = Counts(Enumerable.Range(0, Seeds).SelectMany(seed => ReferenceResampling.BestOf(prompt, 2, 3, seed)));
        int[] uniform = Counts(Enumerable.Range(0, Seeds).SelectMany(seed => ReferenceResampling.Uniform(prompt, 3, seed)));

        for (int i = 0; i < weights.Length; i++)
        {
            Assert.InRange(counts[i] / (3.0 * Seeds), weights[i] - 0.01, weights[i] + 0.01);
            Assert.InRange(uniform[i] / (3.0 * Seeds), (1 / 6.0) - 0.01, (1 / 6.0) + 0.01);
        }
    }

    [Fact]
    public void Draws_are_those_of_the_runs_that_were_published()
    {
        ReferencePrompt prompt = Samples("x");
        double u = new CounterRandom(new DrawSeed(9, DrawPurpose.Resampling), "x", 0).Uniform(0);
        double[] ends = [0, 2 / 15.0, 4 / 15.0, 6 / 15.0, 10 / 15.0, 1]; // -1, three of 0.5 in the order drawn, 2, 3
        int[] ascending = [1, 0, 3, 5, 4, 2];

        int[] expected = [.. Enumerable.Range(0, 4).Select(k => ascending[Array.FindIndex(ends, end => end > (k + u) / 4)])];

        foreach (DrawPurpose purpose in Enum.GetValues<DrawPurpose>())
            Assert.Equal(
                expected,
                ReferenceResampling.BestOf(prompt, 2, 4, new DrawSeed(9, purpose)).Select(sample => sample.Completion.Tokens[0])
            );
    }

    [Fact]
    public void A_batch_of_a_table_has_its_origin_and_a_group_for_each_prompt()
    {
        var table = new ReferenceTable([Samples("x"), Samples("y")], new ReferenceProvenance(s_origin, 1));

        ScoredBatch best = table.DrawBestOf(["y", "x", "y"], 2, 4, seed: 3),
            uniform = table.DrawUniform(["y", "x"], 2, seed: 3);

        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], best.Groups.AsEnumerable());
        Assert.Equal(
            ReferenceResampling.BestOf(table["y"], 2, 4, seed: 3).Concat(ReferenceResampling.BestOf(table["x"], 2, 4, seed: 3)),
            best.Take(8)
        );
        Assert.Equal(best.Take(4), best.Skip(8));
        Assert.Equal(
            ReferenceResampling.Uniform(table["y"], 2, seed: 3).Concat(ReferenceResampling.Uniform(table["x"], 2, seed: 3)),
            uniform
        );
        Assert.Same(s_origin, best.Origin);
        Assert.Equal(12, new ExactObjective(table.BestOf(2)).LogTargets(best).Length);
    }

    [Fact]
    public void A_table_of_unknown_origin_gives_batches_that_its_objectives_refuse_until_it_is_accepted()
    {
        var table = new ReferenceTable([Samples("x")]);

        Assert.Throws<InvalidOperationException>(() => Objective(table).LogTargets(table.DrawUniform(["x"], 2, seed: 1)));
        Assert.Equal(
            2,
            Objective(table.AcceptUnknownProvenance()).LogTargets(table.AcceptUnknownProvenance().DrawUniform(["x"], 2, seed: 1)).Length
        );

        static ExactObjective Objective(ReferenceTable table) => new(table.BestOf(2));
    }

    [Fact]
    public void Samples_may_be_chosen_by_a_function()
    {
        var table = new ReferenceTable([Samples("x"), Samples("y")], new ReferenceProvenance(s_origin, 1));

        ScoredBatch ragged = table.Draw(["x", "y"], prompt => prompt.Samples.Take(prompt.Prompt == "x" ? 1 : 3));

        Assert.Equal([0, 1, 1, 1], ragged.Groups.AsEnumerable());
        Assert.Contains(
            "\"x\"",
            Assert.Throws<ArgumentException>(() => table.Draw(["y"], _ => table["x"].Samples)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Bad_input_is_named()
    {
        ReferencePrompt prompt = Samples("x"),
            rewards = new("x", [1.0, 2], []);
        var table = new ReferenceTable([prompt]);

        Assert.Throws<ArgumentOutOfRangeException>(() => ReferenceResampling.BestOf(prompt, 0.5, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ReferenceResampling.BestOf(prompt, 2, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ReferenceResampling.Uniform(prompt, 0, 0));
        Assert.Contains(
            "without token ids",
            Assert.Throws<ArgumentException>(() => ReferenceResampling.BestOf(rewards, 2, 1, 0)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => table.DrawUniform([], 1, 0));
        Assert.Throws<KeyNotFoundException>(() => table.DrawUniform(["z"], 1, 0));
    }

    private static ReferencePrompt Samples(Prompt prompt) =>
        new(
            prompt,
            s_rewards.Select(
                (reward, i) =>
                    new ScoredCompletion(
                        new Completion
                        {
                            Prompt = prompt,
                            Text = $"{i}",
                            Tokens = [i],
                        },
                        reward,
                        -1 - i
                    )
            )
        );

    private static int[] Counts(IEnumerable<ScoredCompletion> drawn)
    {
        int[] counts = new int[s_rewards.Length];
        foreach (ScoredCompletion sample in drawn)
            counts[sample.Completion.Tokens[0]]++;
        return counts;
    }
}
