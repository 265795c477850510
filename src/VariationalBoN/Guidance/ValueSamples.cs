using System.Collections.Immutable;
using MathNet.Numerics.Distributions;
using VariationalBoN.BestOfN;
using VariationalBoN.Policies;
using VariationalBoN.References;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Scored reference samples as what a value head learns from:
/// tokens, hidden states, and labels made of ranks alone. Owns the hidden states and numbers.</summary>
internal sealed class ValueSamples : IDisposable
{
    private readonly CausalModel _model;
    private readonly ImmutableArray<int> _layers;
    private readonly LayerStates _states;
    private readonly int _rowsPerBatch;
    private readonly List<Completion> _completions = [];
    private readonly List<float[]> _labels = [];
    private readonly List<float> _scores = [];
    private readonly long[] _first; // of each completion among all tokens
    private readonly Tensor? _hidden, // [all tokens, C (1 + layers)]
        _numbers; // [all tokens, Count]

    /// <exception cref="ArgumentException">A prompt has no tokens, or fewer than two samples.</exception>
    public ValueSamples(
        CausalLmPolicy reference,
        ReferenceTable table,
        IReadOnlyList<Prompt> prompts,
        RankBins bins,
        ValueHeadOptions options,
        CancellationToken cancellationToken
    )
    {
        (_model, _layers, _rowsPerBatch) = (reference.Model, options.ReferenceLayers, reference.Options.RowsPerBatch);
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
        _states = new LayerStates(_model.HiddenDecoder.HeadWeight.size(1), _layers.Length);
        using var scope = NewDisposeScope(); // what fails leaves nothing behind
        if (options.PrefixReward is { } source)
        {
            Numbers = PrefixNumbers.Learn(source, _completions, out float[] numbers, cancellationToken);
            _numbers = tensor(numbers, [_first[^1], source.Count], device: _model.Device);
        }

        if (_first[^1] * _states.Width * sizeof(float) <= options.HiddenStateBytes)
            _hidden = AllHidden(cancellationToken);
        _numbers?.DetachFromDisposeScope();
        _hidden?.DetachFromDisposeScope();
    }

    public int Count => _completions.Count;

    /// <summary>M: the fewest samples of a prompt.</summary>
    public int PerPrompt { get; } = int.MaxValue;

    /// <summary>The numbers of prefixes that the head reads; null for none.</summary>
    public PrefixNumbers? Numbers { get; }

    public void Dispose()
    {
        _hidden?.Dispose();
        _numbers?.Dispose();
    }

    /// <summary>Some of the samples as tensors.</summary>
    public ValueBatch Batch(ReadOnlySpan<int> samples)
    {
        Completion[] completions = new Completion[samples.Length];
        float[][] labels = new float[samples.Length][];
        float[] scores = new float[samples.Length];
        var places = new List<long>();
        for (int row = 0; row < samples.Length; row++)
        {
            int i = samples[row];
            completions[row] = _completions[i];
            for (long place = _first[i]; place < _first[i + 1]; place++)
                places.Add(place);
            (labels[row], scores[row]) = (_labels[i], _scores[i]);
        }

        Device device = _model.Device;
        var index = tensor(places.ToArray(), device: device);
        Tensor hidden = _hidden?.index_select(0, index) ?? Computed(completions);
        return new ValueBatch(
            new PackedRows(completions, device),
            _numbers is null ? hidden : cat([hidden, _numbers.index_select(0, index)], 1),
            labels,
            tensor(scores, device: device)
        );
    }

    /// <summary>Hidden states [sum of lengths, C (1 + layers)] of completions, by a pass of the reference.</summary>
    private Tensor Computed(Completion[] completions)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var batch = new SequenceBatch(completions, _model.Device);
        return _states.Of(_model.HiddenStatesAt(batch.Tokens, batch.Positions, _layers)).MoveToOuterDisposeScope();
    }

    private Tensor AllHidden(CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var all = empty([_first[^1], _states.Width], ScalarType.Float32, _model.Device);
        foreach (int[] part in CausalLmPolicy.ByLength(_completions).Chunk(_rowsPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            long[] places = [.. part.SelectMany(i => Enumerable.Range(0, _completions[i].Tokens.Length).Select(t => _first[i] + t))];
            all.index_copy_(0, tensor(places, device: _model.Device), Computed([.. part.Select(i => _completions[i])]));
        }

        return all.MoveToOuterDisposeScope();
    }
}

/// <summary>Samples of one step: their tokens, what the head reads of each prefix [P, C],
/// a label of B bins each, and the normal scores of their ranks [b].</summary>
internal sealed record ValueBatch(PackedRows Rows, Tensor Hidden, float[][] Labels, Tensor Scores);
