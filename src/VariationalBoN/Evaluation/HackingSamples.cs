using System.Collections.Immutable;
using MathNet.Numerics.Statistics;
using VariationalBoN.BestOfN;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>The samples of one prompt in the order of their first reward,
/// with what else is known of each. Immutable, thread-safe.</summary>
internal sealed class HackingSamples
{
    private const int FewestOfCorrelation = 4;
    private const double LeastWeight = 0.1; // of the samples with a second reward: below it they are not those that Best-of-N chooses

    private readonly EmpiricalRewardCdf _cdf;
    private readonly double[] _first;
    private readonly double?[] _second;
    private readonly Lazy<double[]> _filled;
    private readonly double[]? _lengths;
    private readonly double?[][] _members; // mid-ranks of each member of an ensemble

    public HackingSamples(ReferencePrompt prompt, string second, ImmutableArray<string> ensemble)
    {
        PromptSamples all = prompt.All;
        int[] order = [.. Enumerable.Range(0, all.Known.Length).OrderBy(i => all.Known[i])];
        _cdf = prompt.Cdf;
        _first = [.. order.Select(i => all.Known[i])];
        _second = Column(second);
        _lengths =
            !all.Samples.IsEmpty ? [.. order.Select(i => (double)all.Samples[i].Completion.Tokens.Length)]
            : !all.Texts.IsEmpty ? [.. order.Select(i => (double)all.Texts[i].Length)]
            : null;
        _members = [.. ensemble.Select(name => MidRanks(Column(name)))];
        _filled = new(() => SecondByRank.Fill(_first, _second));
        Scored = _second.Count(value => value is not null);

        double?[] Column(string name) =>
            all.Components.TryGetValue(name, out ImmutableArray<double?> values)
                ? [.. order.Select(i => values[i] is double.NaN ? null : values[i])]
                : new double?[order.Length];
    }

    /// <summary>How many samples have a second reward.</summary>
    public int Scored { get; }

    /// <summary>M.</summary>
    public int Count => _first.Length;

    /// <summary>First and second reward of the best of n and the slope of the second, each weight that of the table.</summary>
    public (double First, double Second, double Slope) At(double n)
    {
        (double[] weights, double[] slopes) = _cdf.BestOfNWeightSlopesByRank(n);
        double first = 0,
            second = 0,
            slope = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            first += weights[i] * _first[i];
            second += weights[i] * _filled.Value[i];
            slope += slopes[i] * _filled.Value[i];
        }

        return (first, second, slope);
    }

    /// <summary>Whether the samples with a second reward are among those that Best-of-N of n draws chooses.</summary>
    public bool IsScoredAt(double n)
    {
        double[] weights = _cdf.BestOfNWeightsByRank(n);
        return Enumerable.Range(0, Count).Where(i => _second[i] is not null).Sum(i => weights[i]) >= LeastWeight;
    }

    /// <summary>Whether a sample of the ranks [part, part + 1) / parts has a second reward, or there is no sample of these ranks.</summary>
    public bool IsScored(int part, int parts)
    {
        int[] ranks = [.. Enumerable.Range(0, Count).Where(i => i * parts / Count == part)];
        return ranks.Length == 0 || Array.Exists(ranks, i => _second[i] is not null);
    }

    /// <summary>The numbers of the highest ranks; null what cannot be said of them.</summary>
    public (double? Second, double? Agreement, double? LengthCorrelation, double? RelativeLength, double? Disagreement) Top(int count)
    {
        int start = Count - count;
        double[] scored = [.. _second[start..].OfType<double>()];
        double[] judged = [.. Enumerable.Range(start, count).Where(i => _second[i] is not null).Select(i => _first[i])];
        double?[] spreads = [.. Enumerable.Range(start, count).Select(Spread)];
        return (
            scored.Length == 0 ? null : _filled.Value[start..].Average(),
            Spearman(judged, scored),
            _lengths is null ? null : Spearman(_first[start..], _lengths[start..]),
            _lengths is null || _lengths.Sum() == 0 ? null : _lengths[start..].Average() / _lengths.Average(),
            spreads.Average()
        );
    }

    private static double? Spearman(double[] one, double[] other) =>
        one.Length >= FewestOfCorrelation && Correlation.Spearman(one, other) is var value && double.IsFinite(value) ? value : null;

    private double? Spread(int sample)
    {
        double[] ranks = [.. _members.Select(member => member[sample]).OfType<double>()];
        return ranks.Length >= 2 && ranks.Length == _members.Length ? ranks.StandardDeviation() : null;
    }

    private static double?[] MidRanks(double?[] values)
    {
        double[] known = [.. values.OfType<double>()];
        if (known.Length == 0)
            return values;
        var cdf = new EmpiricalRewardCdf(known);
        return Array.ConvertAll(values, value => value is double number ? cdf.MidRank(number) : (double?)null);
    }
}
