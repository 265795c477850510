using SampleReviews;
using TrainReward;
using VariationalBoN.Rewards;

namespace SentimentControl.Tests.Judges;

/// <summary>The embedded set of TrainReward: its truth and its wrong labels.</summary>
[Trait("Tier", "fast")]
public sealed class ReviewPairsTests
{
    [Theory]
    [InlineData("the plot was wonderful .", 2)]
    [InlineData("the plot was not wonderful .", -2)]
    [InlineData("the plot was never dull and the music felt warm .", (1.5 + 1.1) / 2)]
    [InlineData("what a waste of time . highly recommended .", (-2 + 2) / 2.0)]
    [InlineData("a lonely teacher fell in love in a quiet town .", 0)] // a place that is called quiet praises nothing
    [InlineData("good for a slow evening .", 0.4)] // a phrase counts as a whole, not by its words
    [InlineData("a bit slow .", -0.8)]
    [InlineData("", 0)]
    public void The_truth_of_a_text_is_the_mean_valence_of_what_it_says(string text, double tone) =>
        Assert.Equal(tone, ReviewTone.Of(text), 14);

    [Fact]
    public void The_truth_goes_with_the_mood_that_the_grammar_wrote_in()
    {
        var grammar = new ReviewGrammar(3);
        var reviews = Enumerable
            .Range(0, 4000)
            .Select(_ => grammar.Next())
            .ToLookup(review => review.Mood, review => ReviewTone.Of(review.Text));
        double[] means = [.. new[] { -2, -1, 0, 1, 2 }.Select(mood => reviews[mood].Average())];

        Assert.Equal(means.Order(), means);
        Assert.True(means[4] - means[0] > 1);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.2)]
    public void The_share_of_wrong_labels_is_exact_and_the_others_are_the_truth(double flipped)
    {
        PreferencePair[] pairs = ReviewPairs.Draw(1000, flipped, seed: 5);

        Assert.Equal((int)(1000 * flipped), pairs.Count(pair => ReviewPairs.Truth(pair) < 0));
        Assert.All(pairs, pair => Assert.True(Math.Abs(ReviewPairs.Truth(pair)) >= 1));
        Assert.All(pairs, pair => Assert.False(string.IsNullOrWhiteSpace(pair.Chosen) || string.IsNullOrWhiteSpace(pair.Rejected)));
        Assert.All(pairs, pair => Assert.Equal(3, pair.Prompt.Text.Split(' ').Length));
        Assert.Equal(pairs, ReviewPairs.Draw(1000, flipped, seed: 5));
        Assert.InRange(pairs.Count(pair => pair.ChosenFirst == true), 440, 560);
    }
}
