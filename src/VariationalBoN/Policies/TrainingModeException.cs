using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>
/// A module is in training mode, in which dropout is active, so that sampling,
/// log-probabilities and rewards would use different distributions. Call <c>eval()</c>.
/// </summary>
/// <remarks>The remedy is <c>eval()</c> on the module; gradients flow in evaluation mode as well.</remarks>
public sealed class TrainingModeException : InvalidOperationException
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public TrainingModeException() { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The module, what follows, the remedy.</param>
    public TrainingModeException(string message)
        : base(message) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The module, what follows, the remedy.</param>
    /// <param name="innerException">The error beneath.</param>
    public TrainingModeException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Refuses a module of which any part is in training mode.</summary>
    /// <param name="module">The module.</param>
    /// <param name="what">What may be wrong then, such as "rewards may be random".</param>
    /// <exception cref="TrainingModeException">A part is in training mode; the message names it.</exception>
    internal static void Refuse(torch.nn.Module module, string what)
    {
        if (module.modules().Append(module).FirstOrDefault(part => part.training) is torch.nn.Module part)
            throw new TrainingModeException(
                $"{part.GetName()} is in training mode, in which {what} (dropout). Call eval() on the model; gradients flow in evaluation "
                    + $"mode as well."
            );
    }
}
