using SentimentControl.Training;
using VariationalBoN;
using VariationalBoN.References;

namespace SentimentControl.Tests.Training;

[Trait("Tier", "fast")]
public sealed class BaselineTests
{
    [Theory]
    [InlineData(0.05)]
    [InlineData(0.3)]
    [InlineData(0.6)]
    public void Matched_beta_gives_the_divergence_asked_for(double kl)
    {
        var table = new ReferenceTable([new ReferencePrompt("x", [0.0, 2.0], [])]);

        double beta = GibbsTilt.BetaForKl(table, ["x"], kl);

        double high = 1 / (1 + Math.Exp(-2 / beta)), low = 1 - high; // exp(r / beta) over its sum
        Assert.Equal(kl, (high * Math.Log(2 * high)) + (low * Math.Log(2 * low)), 1e-9);
    }

    [Fact]
    public void Best_samples_are_drawn_as_often_as_they_are_the_best()
    {
        double[] rewards = [0.5, -1, 3, 0.5, 2, 0.5];
        var prompt = new ReferencePrompt("x", rewards.Select((reward, i) => new ScoredCompletion(new Completion { Prompt = "x", Text = $"{i}" }, reward, -1)));
        double[] weights = prompt.BestOfNWeights(2);

        int[] drawn = [.. BestSamples.Draw(prompt, 2, 60, seed: 1).CountBy(completion => int.Parse(completion.Text, System.Globalization.CultureInfo.InvariantCulture)).OrderBy(pair => pair.Key).Select(pair => pair.Value)];

        // 15 pairs: 3.0 is best of 5, 2.0 of 4, each 0.5 of (3 + 3) / 3 = 2, -1 of none; 60 evenly spaced draws are exact up to one.
        Assert.Equal([2.0 / 15, 0, 5.0 / 15, 2.0 / 15, 4.0 / 15, 2.0 / 15], weights, (a, b) => Math.Abs(a - b) < 1e-12);
        int[] expected = [.. weights.Where(weight => weight > 0).Select(weight => (int)Math.Round(60 * weight))];
        Assert.Equal(expected.Length, drawn.Length);
        Assert.All(expected.Zip(drawn), pair => Assert.InRange(pair.Second, pair.First - 1, pair.First + 1));
    }
}
