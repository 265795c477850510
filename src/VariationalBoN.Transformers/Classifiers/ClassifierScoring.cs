using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>Completions to rewards through a classifier: distinct sequences by length, a limited number a pass.
/// As thread-safe as the classifier.</summary>
internal sealed class ClassifierScoring(
    SequenceClassifier classifier,
    Func<Completion, int, ImmutableArray<int>> encode,
    ClassifierRewardOptions options,
    int label,
    int most
)
{
    internal double[] Score(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        TrainingModeException.Refuse(classifier, "rewards may be random");
        ImmutableArray<int>[] sequences = [.. completions.Select(Encode)];
        var rewards = new Dictionary<ImmutableArray<int>, double>(Comparer.Instance);
        foreach (var batch in sequences.Distinct(Comparer.Instance).OrderBy(sequence => sequence.Length).Chunk(options.RowsPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            double[] values = Pass(batch);
            for (int i = 0; i < batch.Length; i++)
                rewards.Add(batch[i], values[i]);
        }

        return [.. sequences.Select(sequence => rewards[sequence])];
    }

    /// <summary>The logits [B, labels] in the order of the completions, with the gradient that the parameters ask for.</summary>
    internal Tensor Logits(IReadOnlyList<Completion> completions)
    {
        ImmutableArray<int>[] sequences = [.. completions.Select(Encode)];
        int[] order = [.. Enumerable.Range(0, sequences.Length).OrderBy(i => sequences[i].Length)]; // stable
        long[] places = new long[order.Length];
        for (int i = 0; i < order.Length; i++)
            places[order[i]] = i;
        using var scope = NewDisposeScope();
        var parts = order.Chunk(options.RowsPerBatch).Select(part => Logits([.. part.Select(i => sequences[i])])).ToList();
        return cat(parts).index_select(0, tensor(places, device: parts[0].device)).MoveToOuterDisposeScope();
    }

    private ImmutableArray<int> Encode(Completion completion)
    {
        bool refuse = options.OnTooLong == LongSequence.Refuse;
        var ids = encode(completion, refuse ? most + 1 : most);
        if (ids.IsDefaultOrEmpty)
            throw new InvalidOperationException(
                $"{Shown.Quoted(completion.Text)} behind {Shown.Quoted(completion.Prompt.Canonical)} has no tokens; a classifier needs at "
                    + $"least one, such as a special token."
            );
        if (ids.Length > most)
            throw new InvalidOperationException(
                $"{Shown.Quoted(completion.Text)} behind {Shown.Quoted(completion.Prompt.Canonical)} has "
                    + $"{(refuse ? "more than" : $"{ids.Length} tokens, though it was to be cut at")} {most} tokens."
            );
        foreach (int id in ids)
        {
            if (id < 0 || id >= classifier.VocabularySize)
                throw new InvalidOperationException(
                    $"{Shown.Quoted(completion.Text)} behind {Shown.Quoted(completion.Prompt.Canonical)} has token {id}, outside the "
                        + $"classifier's vocabulary of 0 to {classifier.VocabularySize - 1}: it belongs to another tokenizer."
                );
        }

        return ids;
    }

    /// <summary>The logits [rows, labels] of sequences in ascending order of length.</summary>
    private Tensor Logits(ImmutableArray<int>[] batch)
    {
        int width = batch[^1].Length; // sorted
        long[] tokens = new long[batch.Length * width];
        for (int row = 0; row < batch.Length; row++)
        {
            for (int i = 0; i < batch[row].Length; i++)
                tokens[(row * width) + i] = batch[row][i];
        }

        using var scope = NewDisposeScope();
        var device = classifier.parameters().First().device;
        return classifier
            .Logits(tensor(tokens, [batch.Length, width], device: device), [.. batch.Select(ids => ids.Length)])
            .MoveToOuterDisposeScope();
    }

    private double[] Pass(ImmutableArray<int>[] batch)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var logits = Logits(batch).to(ScalarType.Float64); // [rows, labels]
        if (NonFinite.IndexIn(logits.contiguous().cpu().bytes, ScalarType.Float64) >= 0)
            throw new InvalidOperationException(
                $"{classifier.GetName()} returned logits that are NaN or infinite for sequences of "
                    + $"{batch[0].Length} to {batch[^1].Length} tokens: its weights have probably diverged."
            );
        var values =
            options.Output == ClassifierOutput.Logit ? logits
            : classifier.IndependentLabels ? nn.functional.logsigmoid(logits)
            : nn.functional.log_softmax(logits, -1);
        return values.select(1, label).Doubles();
    }

    /// <summary>Sequences are equal when their tokens are.</summary>
    private sealed class Comparer : IEqualityComparer<ImmutableArray<int>>
    {
        internal static readonly Comparer Instance = new();

        public bool Equals(ImmutableArray<int> x, ImmutableArray<int> y) => x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(ImmutableArray<int> sequence)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(sequence.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
