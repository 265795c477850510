using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>Advantages of tokens from values along answers, in double precision on the host. Stateless, thread-safe.</summary>
internal static class TokenAdvantages
{
    /// <summary>
    /// A_t = sum_j lambda^j delta_(t + j), delta_t = V(s_(t + 1)) - V(s_t) - (log pi - log pi_ref)(a_t), minus the mean at t over the other
    /// answers that are at least as long: [B * T],
    /// 0 behind the end of an answer.
    /// </summary>
    public static double[] Of(
        double[] logProb,
        int width,
        IReadOnlyList<double[]> logReference,
        IReadOnlyList<double[]> values,
        double lambda
    )
    {
        int rows = logReference.Count;
        double[] advantages = new double[rows * width],
            sums = new double[width];
        int[] alive = new int[width];
        for (int row = 0; row < rows; row++)
        {
            double next = 0;
            for (int t = logReference[row].Length - 1; t >= 0; t--)
            {
                double delta = values[row][t + 1] - values[row][t] - (logProb[(row * width) + t] - logReference[row][t]);
                next = delta + (lambda * next);
                advantages[(row * width) + t] = next;
                sums[t] += next;
                alive[t]++;
            }
        }

        for (int row = 0; row < rows; row++)
        {
            for (int t = 0; t < logReference[row].Length; t++)
            {
                ref double advantage = ref advantages[(row * width) + t];
                // with the own row in it the gradient would be biased
                advantage -= alive[t] > 1 ? (sums[t] - advantage) / (alive[t] - 1) : 0;
            }
        }

        return advantages;
    }

    /// <summary>Refuses numbers that do not belong together or are not finite.</summary>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">lambda is outside 0 to 1.</exception>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public static void Require(
        TorchSharp.torch.Tensor logProb,
        IReadOnlyList<double[]> logReference,
        IReadOnlyList<double[]> values,
        double lambda
    )
    {
        ArgumentNullException.ThrowIfNull(logProb);
        if (!(lambda >= 0 && lambda <= 1))
            throw new ArgumentOutOfRangeException(nameof(lambda), lambda, "lambda must be 0 to 1.");
        if (logProb.dim() != 2 || !logProb.is_floating_point() || logProb.size(0) != logReference.Count || logReference.Count == 0)
            throw new ArgumentException(
                $"logProb is {logProb.dtype} {Shown.Shape(logProb.shape)} for {logReference.Count} answers; it must be floating point [B, "
                    + $"T] with the B of logReference, at least 1.",
                nameof(logProb)
            );
        if (values.Count != logReference.Count)
            throw new ArgumentException(
                $"There are values of {values.Count} answers and log pi_ref of {logReference.Count}; give both of each.",
                nameof(values)
            );
        for (int row = 0; row < values.Count; row++)
        {
            int length = logReference[row].Length;
            if (length < 1 || length > logProb.size(1))
                throw new ArgumentException(
                    $"log pi_ref of answer {row} has {length} tokens; it must have 1 to the {logProb.size(1)} columns of logProb.",
                    nameof(logReference)
                );
            if (values[row].Length != length + 1)
                throw new ArgumentException(
                    $"Answer {row} has {values[row].Length} values for {length} tokens; it must have one before each token and one at the "
                        + $"end: {length + 1}.",
                    nameof(values)
                );
            RequireFinite(logReference[row], "log pi_ref");
            RequireFinite(values[row], "value");

            void RequireFinite(double[] numbers, string what)
            {
                int bad = Array.FindIndex(numbers, number => !double.IsFinite(number));
                if (bad >= 0)
                    throw new ArithmeticException($"{what} {bad} of answer {row} is {numbers[bad]}; it must be finite.");
            }
        }
    }
}
