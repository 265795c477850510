using VariationalBoN.Numerics;
using VariationalBoN.Policies;

namespace VariationalBoN.Testing.Worlds;

/// <summary>Sums over all sequences of a table of logits [C, V]. Immutable, thread-safe.</summary>
internal sealed class LogitSums(TabularShape shape)
{
    /// <summary>log pi(y) of each sequence.</summary>
    public double[] LogProbs(IReadOnlyList<double> logits)
    {
        double[] logSoftmax = LogSoftmax(logits);
        double[] logProbabilities = new double[shape.Sequences];
        for (int y = 0; y < logProbabilities.Length; y++)
        {
            for (int t = 0; t < shape.Length; t++)
                logProbabilities[y] += logSoftmax[Entry(y, t)];
        }

        return logProbabilities;
    }

    /// <summary>sum_y w(y) d log pi(y) / d logits.</summary>
    public double[] Gradient(IReadOnlyList<double> logits, Func<int, double> weight)
    {
        double[] logSoftmax = LogSoftmax(logits),
            gradient = new double[logSoftmax.Length],
            totals = new double[shape.Contexts];
        for (int y = 0; y < shape.Sequences; y++)
        {
            double w = weight(y);
            for (int t = 0; t < shape.Length; t++)
                gradient[Entry(y, t)] += w;
        }

        for (int i = 0; i < gradient.Length; i++)
            totals[i / shape.Vocabulary] += gradient[i];
        for (int i = 0; i < gradient.Length; i++)
            gradient[i] -= Math.Exp(logSoftmax[i]) * totals[i / shape.Vocabulary];
        return gradient;
    }

    /// <summary>Refuses lists of another length and numbers that are not finite.</summary>
    public static void RequireFinite(IReadOnlyList<double> values, int count, string name)
    {
        if (values.Count != count)
            throw new ArgumentException($"There are {values.Count} values; this world needs {count}.", name);
        for (int i = 0; i < count; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new ArgumentException($"Value {i} is {values[i]}; it must be finite.", name);
        }
    }

    /// <summary>The entry [c, a] of the table that token t of a sequence is drawn from.</summary>
    private int Entry(int sequence, int t) =>
        (shape.Context(t, shape.Prefix(sequence, t)) * shape.Vocabulary) + (shape.Prefix(sequence, t + 1) % shape.Vocabulary);

    private double[] LogSoftmax(IReadOnlyList<double> logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        double[] values = [.. logits];
        RequireFinite(values, shape.Contexts * shape.Vocabulary, nameof(logits));
        for (int row = 0; row < values.Length; row += shape.Vocabulary)
        {
            Span<double> context = values.AsSpan(row, shape.Vocabulary);
            double normaliser = LogMath.LogSumExp(context);
            foreach (ref double value in context)
                value -= normaliser;
        }

        return values;
    }
}
