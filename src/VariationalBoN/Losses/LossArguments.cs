using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>Checks of what a loss is given, made before any native call. Stateless, thread-safe.</summary>
internal static class LossArguments
{
    /// <summary>Requires a floating-point tensor [B] with B at least 1 and as many other values.</summary>
    public static void RequireLogProb(torch.Tensor logProb, int values, string valuesName, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        RequireVector(logProb, nameof(logProb));
        long batch = logProb.size(0);
        if (batch == 0)
            throw new ArgumentException("logProb has shape [0]; a loss needs at least one completion.", nameof(logProb));
        if (values != batch)
            throw new ArgumentException(
                $"logProb has shape [{batch}] but there are {values} {valuesName}; give one to each completion.",
                valuesName
            );
        if (groups.Count != batch)
            throw new ArgumentException(
                $"logProb has shape [{batch}] but there are {groups.Count} group indices; give one to each completion.",
                nameof(groups)
            );
    }

    /// <summary>Requires a floating-point tensor of one dimension.</summary>
    public static void RequireVector(torch.Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor, name);
        if (tensor.dim() != 1)
            throw new ArgumentException(
                $"{name} has shape {Shown.Shape(tensor.shape)}; expected [B], one value for each completion.",
                name
            );
        if (!tensor.is_floating_point())
            throw new ArgumentException($"{name} has dtype {tensor.dtype}; expected a floating-point type.", name);
    }

    /// <summary>The values of a vector as doubles; NaN and infinities are refused.</summary>
    public static double[] FiniteValues(torch.Tensor vector, string name)
    {
        double[] values = vector.Doubles();
        RequireFinite(values, name);
        return values;
    }

    /// <summary>Refuses NaN and infinities. An array: a list of the caller's is read once,
    /// so that what is checked is what is used.</summary>
    public static void RequireFinite(double[] values, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new ArithmeticException($"{name}[{i}] is {values[i]}; {Remedy(name)}");
        }
    }

    private static string Remedy(string name) =>
        name switch
        {
            "logProb" or "best" or "worst" => // what the policy says
            "a completion that the policy gives no probability to, or weights that are no longer numbers, cannot be trained on. Train "
                + "a policy that does not truncate its distribution, and lower the learning rate if the weights have diverged.",
            "chosen" or "rejected" or "logits" => // what a judge says
            "the weights of the reward model have diverged. Restore the last checkpoint, lower the learning rate, clip gradients.",
            _ => "it must be a finite number. Exclude the completion, or use an objective that is finite on it.",
        };
}
