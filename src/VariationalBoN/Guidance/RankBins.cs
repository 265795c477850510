using System.Collections.Immutable;
using MathNet.Numerics;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Guidance;

/// <summary>Bins of F, finer towards 1, and what a sample among M says of them. Immutable, thread-safe.</summary>
/// <remarks>Rank i of M independent samples has F ~ Beta(i, M + 1 - i): its label is spread over the bins by that law;
/// equal rewards share the mean of their labels.</remarks>
internal sealed class RankBins
{
    public RankBins(int count, double power)
    {
        (Count, Power) = (count, power);
        Edges = [.. Enumerable.Range(0, count + 1).Select(k => k == count ? 1 : 1 - Math.Pow(1 - ((double)k / count), power))];
    }

    public int Count { get; }

    public double Power { get; }

    /// <summary>Count + 1 edges from 0 to 1.</summary>
    public ImmutableArray<double> Edges { get; }

    /// <summary>Whether the last bin, the narrowest, has a width in double precision.</summary>
    public static bool LastIsThere(int count, double power) => 1 - Math.Pow(1.0 / count, power) < 1;

    /// <summary>log w of each bin; a bin in which the weight vanishes to double precision keeps -745.</summary>
    public float[] LogWeights(RankWeight weight) =>
        [.. Enumerable.Range(0, Count).Select(b => (float)Math.Max(-745, weight.LogMean(Edges[b], Edges[b + 1])))];

    /// <summary>The logarithms of the widths: the distribution of F under the reference.</summary>
    public float[] LogWidths() => [.. Enumerable.Range(0, Count).Select(b => (float)Math.Log(Edges[b + 1] - Edges[b]))];

    /// <summary>The label of each rank of M, [M, Count].</summary>
    public double[][] Labels(int samples) =>
        [
            .. Enumerable
                .Range(1, samples)
                .Select(i =>
                {
                    double[] below = [.. Edges.Select(edge => SpecialFunctions.BetaRegularized(i, samples + 1 - i, edge))],
                        label = new double[Count];
                    for (int b = 0; b < Count; b++)
                        label[b] = below[b + 1] - below[b];
                    return label;
                }),
        ];

    /// <summary>The label of a reward of a prompt: the mean over the ranks of its level.</summary>
    public float[] Label(EmpiricalRewardCdf cdf, double reward, double[][] labels)
    {
        (int below, int atOrBelow) = cdf.Counts(reward);
        float[] label = new float[Count];
        for (int b = 0; b < Count; b++)
        {
            double sum = 0;
            for (int rank = below; rank < atOrBelow; rank++)
                sum += labels[rank][b];
            label[b] = (float)(sum / (atOrBelow - below));
        }

        return label;
    }
}
