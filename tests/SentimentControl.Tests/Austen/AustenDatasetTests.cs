using System.Collections.Immutable;
using SentimentControl.Datasets.Austen;

namespace SentimentControl.Tests.Austen;

[Trait("Tier", "fast")]
public class AustenDatasetTests
{
    private static readonly AustenDataset Dataset = new();

    [Fact]
    public void Nothing_but_words_reaches_the_judge() =>
        Assert.All(Dataset.Labelled(heldOut: false), labelled => Assert.Matches("^[a-z][a-z' ]*$", labelled.Text));

    [Fact]
    public void Quotation_marks_do_not_change_what_the_judge_reads() =>
        Assert.Equal("it is not he's gone", AustenWords.Of("\"It is _not_!\" -- 'He's gone,'"));

    [Fact]
    public void Chapters_the_judge_is_tested_on_are_not_those_it_learns_from()
    {
        List<AustenParagraph> paragraphs = AustenNovels.Load();
        var learnt = paragraphs.Where(p => !p.HeldOut).Select(p => (p.Novel, p.Chapter)).ToHashSet();
        var tested = paragraphs.Where(p => p.HeldOut).Select(p => (p.Novel, p.Chapter)).ToHashSet();
        Assert.Empty(learnt.Intersect(tested));
        Assert.Equal(AustenNovels.Names.Length, tested.Select(chapter => chapter.Novel).Distinct().Count());
    }

    [Fact]
    public void Prompts_are_distinct_and_those_trained_on_are_not_measured_on()
    {
        string[] all = [.. Dataset.TrainPrompts, .. Dataset.HeldOutPrompts];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.True(Dataset.TrainPrompts.Count >= Dataset.Settings(quick: false).TrainPrompts);
        Assert.True(Dataset.HeldOutPrompts.Count >= Dataset.Settings(quick: false).HeldOutPrompts);
    }

    [Fact]
    public void A_prompt_and_the_longest_completion_fit_the_model() =>
        Assert.All(
            Dataset.TrainPrompts.Concat(Dataset.HeldOutPrompts),
            prompt =>
            {
                ImmutableArray<int> tokens = Dataset.Tokenizer.Encode(prompt);
                Assert.InRange(tokens.Length, 1, Dataset.ModelConfig.MaxLength - Dataset.MaxNewTokens);
                Assert.Equal(prompt, Dataset.Tokenizer.Decode(tokens));
            }
        );

    [Fact]
    public void The_judge_tells_held_out_dialogue_from_narration()
    {
        var reward = Dataset.TrainReward(seed: 1, new Progress<double>(), CancellationToken.None);
        Assert.InRange(reward.HeldOutAccuracy, 0.93, 0.97); // 0.947 with seed 1; the larger class alone gives 0.531
    }
}
