using MathNet.Numerics.Distributions;
using VariationalBoN.BestOfN;
using VariationalBoN.Policies;
using VariationalBoN.References;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Scored reference samples as what a value head learns from: tokens, hidden states, and labels made of ranks alone. Owns the
/// hidden states.</summary>
internal sealed class ValueSamples : IDisposable
{
    private readonly CausalModel _model;
    private readonly int _rowsPerBatch;
    private readonly List<Completion> _completions = [];
    private readonly List<float[]> _labels = [];
    private readonly List<float> _scores = [];
    private readonly long[] _first; // of each completion among all tokens
    private readonly Tensor? _hidden;

    /// <exception cref="ArgumentException">A prompt has no tokens, or fewer than two samples.</exception>
    public ValueSamples(
        CausalLmPolicy reference,
        ReferenceTable table,
        IReadOnlyList<Prompt> prompts,
        RankBins bins,
        long hiddenStateBytes,
        CancellationToken cancellationToken
    )
    {
        (_model, _rowsPerBatch) = (reference.Model, reference.Options.RowsPerBatch);
        var labels = new Dictionary<int, double[][]>();
        foreach (Prompt prompt in prompts.Distinct())
        {
            ReferencePrompt of = table[prompt];
            if (of.Samples.IsEmpty || of.Samples.Any(sample => sample.Completion.Tokens.IsDefaultOrEmpty))
                throw new ArgumentException(
                    $"The samples of the prompt \"{prompt}\" have no tokens, as those of an imported table; a value head learns from "
                        + $"tokens. Estimate the table with the library.",
                    nameof(table)
                );
            EmpiricalRewardCdf cdf = of.Cdf;
            PerPrompt = Math.Min(PerPrompt, cdf.Count);
            if (!labels.TryGetValue(cdf.Count, out double[][]? ranks))
                labels[cdf.Count] = ranks = bins.Labels(cdf.Count);
            foreach (ScoredCompletion sample in of.Samples)
            {
                (int below, int atOrBelow) = cdf.Counts(sample.Reward);
                _completions.Add(sample.Completion);
                _labels.Add(bins.Label(cdf, sample.Reward, ranks));
                _scores.Add((float)Normal.InvCDF(0, 1, (below + atOrBelow) / 2.0 / cdf.Count));
            }
        }

        reference.Check(_completions);
        _first = new long[_completions.Count + 1];
        for (int i = 0; i < _completions.Count; i++)
            _first[i + 1] = _first[i] + _completions[i].Tokens.Length;
        long width = _model.HiddenDecoder.HeadWeight.size(1);
        if (_first[^1] * width * sizeof(float) <= hiddenStateBytes)
            _hidden = AllHidden(width, cancellationToken).DetachFromDisposeScope();
    }

    public int Count => _completions.Count;

    /// <summary>M: the fewest samples of a prompt.</summary>
    public int PerPrompt { get; } = int.MaxValue;

    public void Dispose() => _hidden?.Dispose();

    /// <summary>Some of the samples as tensors, right-padded.</summary>
    public ValueBatch Batch(ReadOnlySpan<int> samples)
    {
        int rows = samples.Length;
        Completion[] completions = new Completion[rows];
        for (int row = 0; row < rows; row++)
            completions[row] = _completions[samples[row]];
        int length = completions.Max(completion => completion.Tokens.Length);
        (long[] tokens, long[] previous) = PaddedTokens.Of(completions, length);
        long[] places = new long[rows * length];
        float[] mask = new float[rows * length],
            labels = new float[rows * _labels[0].Length],
            scores = new float[rows];
        float[] left = new float[rows * length];
        for (int row = 0; row < rows; row++)
        {
            int i = samples[row],
                count = completions[row].Tokens.Length;
            for (int t = 0; t < length; t++)
            {
                int at = (row * length) + t;
                left[at] = Math.Max(0, count - 1 - t);
                if (t < count)
                    (places[at], mask[at]) = (_first[i] + t, 1);
            }

            _labels[i].CopyTo(labels, row * _labels[i].Length);
            scores[row] = _scores[i];
        }

        Device device = _model.Device;
        Tensor hidden = _hidden is not null
            ? _hidden.index_select(0, tensor(places, device: device)).view(rows, length, -1)
            : Computed(samples, places, length);
        return new ValueBatch(
            hidden,
            tensor(tokens, [rows, length], device: device),
            tensor(previous, [rows, length], device: device),
            tensor(mask, [rows, length], device: device),
            tensor(left, [rows, length, 1], device: device),
            tensor(labels, [rows, _labels[0].Length], device: device),
            tensor(scores, device: device)
        );
    }

    /// <summary>Hidden states [rows, T, C] of some samples, by a pass of the reference.</summary>
    private Tensor Computed(ReadOnlySpan<int> samples, long[] places, int length)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var batch = new SequenceBatch([.. samples.ToArray().Select(i => _completions[i])], _model.Device);
        long[] index = new long[places.Length]; // of each place among the drawn tokens of the batch; padding reads the first
        long first = 0;
        for (int row = 0; row < samples.Length; row++)
        {
            int count = _completions[samples[row]].Tokens.Length;
            for (int t = 0; t < count; t++)
                index[(row * length) + t] = first + t;
            first += count;
        }

        var hidden = _model.HiddenDecoder.HiddenStatesAt(batch.Tokens, batch.Positions).to(ScalarType.Float32);
        return hidden.index_select(0, tensor(index, device: _model.Device)).view(samples.Length, length, -1).MoveToOuterDisposeScope();
    }

    private Tensor AllHidden(long width, CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var all = empty([_first[^1], width], ScalarType.Float32, _model.Device);
        foreach (int[] part in CausalLmPolicy.ByLength(_completions).Chunk(_rowsPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var batch = new SequenceBatch([.. part.Select(i => _completions[i])], _model.Device);
            long[] places = [.. part.SelectMany(i => Enumerable.Range(0, _completions[i].Tokens.Length).Select(t => _first[i] + t))];
            all.index_copy_(
                0,
                tensor(places, device: _model.Device),
                _model.HiddenDecoder.HiddenStatesAt(batch.Tokens, batch.Positions).to(ScalarType.Float32)
            );
        }

        return all.MoveToOuterDisposeScope();
    }
}

/// <summary>Samples of one step: hidden states [b, T, C], tokens and the tokens before them [b, T], a mask [b, T], how many tokens come
/// after each [b, T, 1], labels [b, B] and
/// normal scores of the ranks [b].</summary>
internal sealed record ValueBatch(Tensor Hidden, Tensor Tokens, Tensor Previous, Tensor Mask, Tensor Left, Tensor Labels, Tensor Scores);
