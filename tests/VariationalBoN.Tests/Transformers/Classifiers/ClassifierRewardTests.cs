using System.Collections.Immutable;
using VariationalBoN.Rewards;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Classifiers;

[Trait("Tier", "torch")]
public sealed class ClassifierRewardTests
{
    private static readonly ScoringOptions Options = new() { BatchSize = 5 };

    [Fact]
    public async Task Reward_of_each_completion_is_its_logit_whatever_the_order()
    {
        using var golden = new ClassifierCase("bert-classifier");
        var reward = ClassifierReward.FromTokens(golden.Classifier, new ClassifierRewardOptions { LabelIndex = 2, RowsPerBatch = 2 });
        int[] order = [2, 0, 1, 0, 2, 1, 1];
        double?[] scores = await CheckedScoring.ScoreAsync(
            reward,
            [.. order.Select(row => Tokens(golden.Rows[row].Ids))],
            Options,
            CancellationToken.None
        );
        for (int i = 0; i < order.Length; i++)
            Assert.Equal(
                golden.Rows[order[i]].Logits[2],
                scores[i]!.Value,
                ClassifierCase.Tolerance * golden.Rows[order[i]].Logits.Max(Math.Abs)
            );
    }

    [Fact]
    public async Task Equal_sequences_of_a_batch_are_read_once_and_tie()
    {
        using var classifier = new LengthClassifier(["score"]);
        var reward = ClassifierReward.FromTokens(classifier);
        Assert.Equal(
            [3, 2, 3, 3],
            await reward.ScoreAsync([Tokens(1, 2, 3), Tokens(1, 2), Tokens(1, 2, 3), Tokens(3, 2, 1)], CancellationToken.None)
        );
        Assert.Equal([(2, 1), (3, 2)], classifier.Rows.GroupBy(length => length).Select(group => (group.Key, group.Count())));
    }

    [Fact]
    public async Task Passes_are_sorted_by_length_and_limited_in_rows()
    {
        using var classifier = new LengthClassifier(["score"]);
        var reward = ClassifierReward.FromTokens(classifier, new ClassifierRewardOptions { RowsPerBatch = 2 });
        await reward.ScoreAsync([Tokens(1, 2, 3, 4), Tokens(1), Tokens(1, 2, 3), Tokens(1, 2), Tokens(2)], CancellationToken.None);
        Assert.Equal([(2, 1), (2, 3), (1, 4)], classifier.Passes);
    }

    [Fact]
    public async Task Label_is_chosen_by_name_or_place_and_the_log_probability_by_option()
    {
        using var golden = new ClassifierCase("distilbert-classifier");
        (int[] ids, double[] logits) = golden.Rows[0];
        Assert.Equal(logits[1], await Score(new() { Label = "POSITIVE" }), 1e-5);
        Assert.Equal(logits[0], await Score(new() { LabelIndex = 0 }), 1e-5);
        Assert.Equal(
            logits[1] - Math.Log(Math.Exp(logits[0]) + Math.Exp(logits[1])),
            await Score(new() { Label = "POSITIVE", Output = ClassifierOutput.LogProb }),
            1e-5
        );

        async Task<double> Score(ClassifierRewardOptions options) =>
            (await ClassifierReward.FromTokens(golden.Classifier, options).ScoreAsync([Tokens(ids)], CancellationToken.None))[0];
    }

    [Fact]
    public async Task Independent_labels_have_sigmoids()
    {
        using var classifier = new LengthClassifier(["a", "b"], independent: true);
        var reward = ClassifierReward.FromTokens(
            classifier,
            new ClassifierRewardOptions { Label = "b", Output = ClassifierOutput.LogProb }
        );
        Assert.Equal(-Math.Log(1 + Math.Exp(2 * 3)), (await reward.ScoreAsync([Tokens(1, 2, 3)], CancellationToken.None))[0], 1e-6);
    }

    [Fact]
    public async Task Text_is_formatted_encoded_and_cut_by_the_encoder()
    {
        using var classifier = new LengthClassifier(["score"]);
        var seen = new List<(string, int)>();
        ImmutableArray<int> Encode(string text, int most)
        {
            seen.Add((text, most));
            return [.. Enumerable.Repeat(1, Math.Min(most, text.Length))];
        }

        Completion[] completions = [new Completion { Prompt = "ab", Text = "cdef" }];
        Assert.Equal([6], await ClassifierReward.FromText(classifier, Encode).ScoreAsync(completions, CancellationToken.None));
        Assert.Equal(
            [5],
            await ClassifierReward.FromText(classifier, Encode, new() { MaxLength = 5 }).ScoreAsync(completions, CancellationToken.None)
        );
        Assert.Equal(
            [4],
            await ClassifierReward
                .FromText(classifier, Encode, new() { Format = c => c.Text, FormatName = "completion alone" })
                .ScoreAsync(completions, CancellationToken.None)
        );
        Assert.Equal([("abcdef", 8), ("abcdef", 5), ("cdef", 8)], seen);
    }

    [Fact]
    public async Task Sequence_beyond_the_limit_is_cut_or_refused_as_chosen()
    {
        using var classifier = new LengthClassifier(["score"]);
        var completion = Tokens(1, 2, 3, 4) with { PromptTokens = [5, 6] };
        Assert.Equal(
            [4],
            await ClassifierReward.FromTokens(classifier, new() { MaxLength = 4 }).ScoreAsync([completion], CancellationToken.None)
        );
        Assert.Equal(LongSequence.Truncate, new ClassifierRewardOptions().OnTooLong);
        var refusing = ClassifierReward.FromTokens(classifier, new() { MaxLength = 4, OnTooLong = LongSequence.Refuse });
        Assert.Equal([3], await refusing.ScoreAsync([Tokens(1, 2, 3)], CancellationToken.None));
        double?[] scores = await CheckedScoring.ScoreAsync(
            refusing,
            [Tokens(1), completion],
            Options with
            {
                OnFailure = RewardFailure.Exclude,
            },
            CancellationToken.None
        );
        Assert.Equal([1.0, null], scores);
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            CheckedScoring.ScoreAsync(refusing, [completion], Options, CancellationToken.None)
        );
        Assert.Contains("more than 4 tokens", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 1, 16 }, "token 16, outside the classifier's vocabulary of 0 to 15")]
    [InlineData(new[] { -1 }, "token -1")]
    [InlineData(new int[0], "no token ids")]
    public async Task Completion_that_cannot_be_read_is_named(int[] ids, string named)
    {
        using var classifier = new LengthClassifier(["score"]);
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            CheckedScoring.ScoreAsync(ClassifierReward.FromTokens(classifier), [Tokens(ids)], Options, CancellationToken.None)
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_mode_and_cancellation_are_heeded()
    {
        using var classifier = new LengthClassifier(["score"]);
        var reward = ClassifierReward.FromTokens(classifier);
        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            CheckedScoring.ScoreAsync(reward, [Tokens(1)], Options, new CancellationToken(canceled: true))
        );
        classifier.train();
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            CheckedScoring.ScoreAsync(reward, [Tokens(1)], Options, CancellationToken.None)
        );
        Assert.Contains("training mode", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identity_tells_weights_label_text_and_limit()
    {
        using var one = new LengthClassifier(["a", "b"]);
        using var other = new LengthClassifier(["a", "b"], slope: 2);
        ModelIdentity[] identities =
        [
            ClassifierReward.FromTokens(one, new() { Label = "a" }).Identity,
            ClassifierReward.FromTokens(one, new() { Label = "b" }).Identity,
            ClassifierReward.FromTokens(other, new() { Label = "a" }).Identity,
            ClassifierReward.FromTokens(one, new() { Label = "a", MaxLength = 4 }).Identity,
            ClassifierReward.FromTokens(one, new() { Label = "a", OnTooLong = LongSequence.Refuse }).Identity,
            ClassifierReward.FromTokens(one, new() { Label = "a", Output = ClassifierOutput.LogProb }).Identity,
            ClassifierReward.FromText(one, (_, _) => [1], new() { Label = "a" }).Identity,
            ClassifierReward
                .FromText(
                    one,
                    (_, _) => [1],
                    new()
                    {
                        Label = "a",
                        Format = c => c.Text,
                        FormatName = "completion alone",
                    }
                )
                .Identity,
        ];
        Assert.Equal(identities.Length, identities.Distinct().Count());
        Assert.Equal(identities[0], ClassifierReward.FromTokens(one, new() { LabelIndex = 0, RowsPerBatch = 1 }).Identity);
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused_all_in_one_message()
    {
        using var two = new LengthClassifier(["a", "b"]);
        using var scalar = new LengthClassifier(["score"]);
        Assert.Contains("2 labels: 0 'a', 1 'b'", Refusal(two, new()), StringComparison.Ordinal);
        Assert.Contains("'c', which is the name of none", Refusal(two, new() { Label = "c" }), StringComparison.Ordinal);
        Assert.Contains("both given", Refusal(two, new() { Label = "a", LabelIndex = 0 }), StringComparison.Ordinal);
        Assert.Contains("LogProb, which is 0", Refusal(scalar, new() { Output = ClassifierOutput.LogProb }), StringComparison.Ordinal);
        string all = Refusal(
            two,
            new()
            {
                LabelIndex = 2,
                Output = (ClassifierOutput)7,
                MaxLength = 9,
                RowsPerBatch = 0,
                OnTooLong = (LongSequence)7,
                FormatName = "x",
            }
        );
        Assert.All(
            ["LabelIndex is 2", "Output is 7", "MaxLength is 9", "RowsPerBatch is 0", "OnTooLong is 7", "given together"],
            fault => Assert.Contains(fault, all, StringComparison.Ordinal)
        );
    }

    private static string Refusal(SequenceClassifier classifier, ClassifierRewardOptions options) =>
        Assert.Throws<ArgumentException>(() => ClassifierReward.FromTokens(classifier, options)).Message;

    private static Completion Tokens(params int[] ids) =>
        new()
        {
            Prompt = "p",
            Text = "t",
            Tokens = [.. ids],
        };

    /// <summary>Logit 0 is slope times the number of tokens, logit i is -2 i times that; remembers what it was given.</summary>
    private sealed class LengthClassifier : SequenceClassifier
    {
        private readonly TorchSharp.Modules.Parameter slope;

        internal LengthClassifier(string[] labels, bool independent = false, float slope = 1)
            : base(nameof(LengthClassifier), labels, independent)
        {
            this.slope = nn.Parameter(ones(1) * slope);
            RegisterComponents();
            eval();
        }

        internal List<int> Rows { get; } = [];

        internal List<(int Rows, int Width)> Passes { get; } = [];

        public override int VocabularySize => 16;

        public override int MaxLength => 8;

        protected override Tensor Classify(Tensor tokens, ReadOnlySpan<int> lengths)
        {
            Rows.AddRange(lengths);
            Passes.Add((lengths.Length, (int)tokens.size(1)));
            float[] logits =
            [
                .. lengths.ToArray().SelectMany(length => Enumerable.Range(0, Labels.Length).Select(i => length * (i == 0 ? 1f : -2 * i))),
            ];
            return tensor(logits, [lengths.Length, Labels.Length]) * slope;
        }
    }
}
