using System.Globalization;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Training;

/// <summary>Weights of 16 bits and the steps that their rounding takes away. Stateless.</summary>
internal static class HalfPrecisionWeights
{
    /// <summary>
    /// Refuses a learning rate, the size of Adam's steps, below 2^-p of the median magnitude of the weights of a type of p significant
    /// bits, whose neighbours are 2^(1 - p) to 2^-p of a weight apart: a step of less than half of that is rounded away.
    /// </summary>
    public static void RequireSteps(IReadOnlyList<Parameter> parameters, double learningRate, string optimizer)
    {
        foreach (
            var group in parameters
                .Where(parameter => parameter.dtype is ScalarType.BFloat16 or ScalarType.Float16)
                .GroupBy(parameter => parameter.dtype)
        )
        {
            int significantBits = group.Key == ScalarType.BFloat16 ? 8 : 11;
            double median = Median(group, group.Key),
                smallest = Math.ScaleB(median, -significantBits);
            if (!(learningRate >= smallest))
            {
                throw new InvalidOperationException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The learning rate is {learningRate:G4}, below 2^-{significantBits} of the median magnitude {median:G4} of the "
                            + $"{group.Key} weights ({smallest:G4}): rounding removes most steps of {optimizer}, and the weights "
                            + $"hardly change. Load the model in float32 (PretrainedOptions.ElementType), train LoRA adapters in float32, "
                            + $"raise the learning rate, or accept it with AllowLostSteps = true."
                    )
                );
            }
        }
    }

    /// <summary>The lower median of the magnitudes, by counting bit patterns: without the sign their order is that of the values.</summary>
    private static double Median(IEnumerable<Parameter> parameters, ScalarType type)
    {
        long[] counts = new long[1 << 15];
        foreach (Parameter parameter in parameters)
        {
            parameter.ForEachPiece(piece =>
            {
                foreach (ushort bits in piece.Elements<ushort>())
                    counts[bits & 0x7FFF]++;
            });
        }

        long left = (counts.Sum() + 1) / 2;
        int pattern = Array.FindIndex(counts, count => (left -= count) <= 0);
        return pattern < 0 ? 0
            : type == ScalarType.BFloat16 ? BitConverter.Int32BitsToSingle(pattern << 16)
            : (double)BitConverter.Int16BitsToHalf((short)pattern);
    }
}
