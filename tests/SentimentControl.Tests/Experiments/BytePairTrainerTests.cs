using SentimentControl.Datasets.Austen;
using VariationalBoN.Experiments.Pretraining;
using VariationalBoN.Policies;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "fast")]
public sealed class BytePairTrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_most_frequent_pair_is_merged_first_and_ties_go_by_ordinal_order()
    {
        // Pairs: a b 3 times, b c 2, x y 2; then ab c 2 (x y 2): "ab" precedes "x".
        (List<string> vocabulary, List<(string, string)> merges) = BytePairTrainer.Train(["abc", "abc", "ab", "xy", "xy"], 260);
        Assert.Equal([("a", "b"), ("ab", "c"), ("x", "y")], merges);
        Assert.Equal(["ab", "abc", "xy", AustenVocabulary.EndOfText], vocabulary[256..]);
    }

    [Fact]
    public void Held_out_text_survives_encoding_and_decoding()
    {
        List<AustenSegment> segments = AustenSegmenter.Segment(AustenNovels.Load());
        BytePairTrainer.Save(segments.Where(segment => !segment.HeldOut).Take(2_000).Select(segment => segment.Text), 600, _folder);
        ITokenizer tokenizer = AustenVocabulary.Load(_folder);
        Assert.All(
            segments
                .Where(segment => segment.HeldOut)
                .Select(segment => segment.Text)
                .Append("£20,000 -- na\u00EFve \u4E2D\u6587 \U0001F600"),
            text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)))
        );
    }

    [Fact]
    public void The_same_text_in_another_order_gives_the_same_vocabulary()
    {
        string[] texts = [.. AustenSegmenter.Segment(AustenNovels.Load()).Take(1_000).Select(segment => segment.Text)];
        Assert.Equal(BytePairTrainer.Train(texts, 500).Vocabulary, BytePairTrainer.Train(texts.Reverse(), 500).Vocabulary);
    }

    [Fact]
    public void The_committed_vocabulary_is_what_the_trainer_makes_of_the_novels()
    {
        IEnumerable<string> texts = AustenSegmenter
            .Segment(AustenNovels.Load())
            .Where(segment => !segment.HeldOut)
            .Select(segment => segment.Text);
        BytePairTrainer.Save(texts, AustenVocabulary.Load(AustenFiles.Checkpoint).VocabularySize, _folder);
        foreach (string file in new[] { "vocab.json", "merges.txt" })
            Assert.Equal(File.ReadAllText(Path.Combine(AustenFiles.Checkpoint, file)), File.ReadAllText(Path.Combine(_folder, file)));
    }
}
