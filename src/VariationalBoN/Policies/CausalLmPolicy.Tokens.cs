using TorchSharp;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN;

public sealed partial class CausalLmPolicy
{
    /// <inheritdoc/>
    /// <remarks>A token outside top-k or top-p gives -infinity.</remarks>
    /// <exception cref="ArgumentException">A completion has no prompt tokens, no tokens,
    /// tokens outside the vocabulary, or is longer than the model's context.</exception>
    /// <exception cref="TrainingModeException">The module is in training mode.</exception>
    /// <exception cref="ArithmeticException">The module returns NaN or infinity: its weights have diverged.</exception>
    public Tensor TokenLogProb(IReadOnlyList<Completion> completions)
    {
        Check(completions);
        using var scope = NewDisposeScope();
        var device = _model.Device;
        if (completions.Count == 0)
            return zeros([0, 0], ScalarType.Float64, device).MoveToOuterDisposeScope();
        int width = completions.Max(completion => completion.Tokens.Length);
        var places = new List<long>(); // of each drawn token in the result
        var parts = new List<Tensor>();
        foreach (int[] part in ByLength(completions).Chunk(Options.RowsPerBatch))
        {
            using var inner = NewDisposeScope();
            var batch = new SequenceBatch([.. part.Select(i => completions[i])], device);
            parts.Add(
                TokenLogProbs
                    .Of(_model.LogitsAt(batch.Tokens, batch.Positions), batch.Targets, _distribution)
                    .to(ScalarType.Float64)
                    .MoveToOuterDisposeScope()
            ); // [N]
            places.AddRange(part.SelectMany(i => Enumerable.Range(0, completions[i].Tokens.Length).Select(t => ((long)i * width) + t)));
        }

        using Scalar one = 1; // held until the call returns: a collection may not free it meanwhile
        var result = zeros((long)completions.Count * width, ScalarType.Float64, device)
            .index_add(0, tensor(places.ToArray(), device: device), cat(parts), one)
            .view(completions.Count, width); // [B, T]
        RequireNumbers(result.detach().sum(1));
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>In the element type of the logits, float32 at least; -infinity for a token outside top-k or top-p.</remarks>
    /// <exception cref="ArgumentException">A completion has no prompt tokens, no tokens,
    /// tokens outside the vocabulary, or is longer than the model's context.</exception>
    /// <exception cref="TrainingModeException">The module is in training mode.</exception>
    public Tensor NextTokenLogProb(IReadOnlyList<Completion> completions)
    {
        Check(completions);
        using var scope = NewDisposeScope();
        if (completions.Count == 0)
            return zeros([0, VocabularySize], ScalarType.Float32, _model.Device).MoveToOuterDisposeScope();
        var parts = new List<Tensor>();
        foreach (Completion[] part in completions.Chunk(Options.RowsPerBatch))
        {
            using var inner = NewDisposeScope();
            var batch = new SequenceBatch(part, _model.Device);
            PositionLogits logits = _model.LogitsAt(batch.Tokens, batch.Positions).InOneType();
            parts.Add(_distribution.LogProbs(logits.Rows(0, logits.Count)).MoveToOuterDisposeScope()); // [n, V]
        }

        return (parts.Count == 1 ? parts[0] : cat(parts)).MoveToOuterDisposeScope();
    }
}
