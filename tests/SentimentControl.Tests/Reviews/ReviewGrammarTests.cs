using SampleReviews;
using SentimentControl.Datasets.Reviews;

namespace SentimentControl.Tests.Reviews;

[Trait("Tier", "fast")]
public sealed class ReviewGrammarTests
{
    private static readonly Review[] s_reviews = [.. Enumerable.Repeat(new ReviewGrammar(7), 20_000).Select(grammar => grammar.Next())];

    [Fact]
    public void Every_word_is_in_the_vocabulary_and_every_word_of_it_is_used()
    {
        HashSet<string> used = [.. s_reviews.SelectMany(review => review.Text.Split(' '))];

        Assert.Equal([], used.Except(ReviewWords.Vocabulary));
        // all but the end of text, and the odd rare word
        Assert.InRange(used.Count, ReviewWords.Vocabulary.Count - 2, ReviewWords.Vocabulary.Count);
    }

    [Fact]
    public void A_review_has_about_18_tokens()
    {
        double mean = s_reviews.Average(review => review.Text.Split(' ').Length);

        Assert.InRange(mean, 17.5, 18.5);
    }

    [Fact]
    public void Articles_agree_with_the_word_that_follows() =>
        Assert.DoesNotContain(
            s_reviews,
            review => System.Text.RegularExpressions.Regex.IsMatch(review.Text, @"\ba ([aeiou]|honest)|\ban (?!honest)[^aeiou]")
        );

    [Fact]
    public void A_seed_fixes_the_text_and_another_changes_it()
    {
        Assert.Equal(s_reviews.Take(100), Enumerable.Repeat(new ReviewGrammar(7), 100).Select(grammar => grammar.Next()));
        Assert.NotEqual(s_reviews.Take(100), Enumerable.Repeat(new ReviewGrammar(8), 100).Select(grammar => grammar.Next()));
    }

    [Fact]
    public void Prompts_to_train_on_and_to_measure_on_are_disjoint()
    {
        var dataset = new ReviewDataset();

        Assert.Equal((96, 48), (dataset.TrainPrompts.Count, dataset.HeldOutPrompts.Count));
        Assert.Equal(144, dataset.TrainPrompts.Concat(dataset.HeldOutPrompts).Distinct().Count());
    }
}
