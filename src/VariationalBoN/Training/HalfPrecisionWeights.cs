using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Training;

/// <summary>Weights of 16 bits and the steps that their rounding takes away. Stateless.</summary>
internal static class HalfPrecisionWeights
{
    /// <summary>A step below this part of a bfloat16 weight is rounded away: its 8 significant bits are 2^-7 to 2^-8 of it apart.</summary>
    private const double SmallestPart = 1.0 / 256;

    /// <summary>Refuses a learning rate, the size of Adam's steps, below 2^-8 of the median magnitude of the 16-bit weights.</summary>
    public static void RequireSteps(IReadOnlyList<Parameter> parameters, double learningRate, string optimizer)
    {
        foreach (var group in parameters.Where(parameter => parameter.dtype is ScalarType.BFloat16 or ScalarType.Float16)
            .GroupBy(parameter => parameter.dtype))
        {
            double median = Median([.. group], group.Key);
            if (!(learningRate >= SmallestPart * median))
            {
                throw new InvalidOperationException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The learning rate is {learningRate:G4}, below 2^-8 of the median magnitude {median:G4} of the {group.Key} weights " +
                    $"({SmallestPart * median:G4}): rounding takes most steps of {optimizer} away and training stands still. Load the model in " +
                    $"float32 (PretrainedOptions.ElementType), train LoRA adapters in float32, raise the learning rate, or accept it with " +
                    $"AllowLostSteps = true."));
            }
        }
    }

    /// <summary>The lower median of the magnitudes, by counting bit patterns: without the sign their order is that of the values.</summary>
    private static double Median(IReadOnlyList<Parameter> parameters, ScalarType type)
    {
        long[] counts = new long[1 << 15];
        foreach (Parameter parameter in parameters)
        {
            using var scope = NewDisposeScope();
            var values = parameter.detach().cpu().contiguous();
            foreach (ushort bits in MemoryMarshal.Cast<byte, ushort>(values.bytes))
                counts[bits & 0x7FFF]++;
        }

        long left = (counts.Sum() + 1) / 2;
        int pattern = Array.FindIndex(counts, count => (left -= count) <= 0);
        return pattern < 0 ? 0 : type == ScalarType.BFloat16 ? BitConverter.Int32BitsToSingle(pattern << 16)
            : (double)BitConverter.Int16BitsToHalf((short)pattern);
    }
}
