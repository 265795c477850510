using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>
/// Ends the handles of gradients that a backward pass of ours gave to libtorch. In a dispose scope alone they would live as long as the
/// training step, and with them every gradient of every layer a second time. libtorch has its own once the pass has returned, so the next
/// one on the thread frees them, and the last ones end with the dispose scope that the caller of <c>backward</c> is in. (Threads of
/// libtorch, which run the passes on a GPU, have no such scope: there the last ones stay until the next step.)
/// </summary>
internal static class ReturnedGradients
{
    [ThreadStatic]
    private static List<Tensor>? t_returned;

    /// <summary>Frees what was returned before, and keeps what is returned now.</summary>
    internal static List<Tensor> Return(params ReadOnlySpan<Tensor?> gradients)
    {
        t_returned?.ForEach(gradient => gradient.Dispose());
        t_returned = [];
        List<Tensor> result = [];
        foreach (var gradient in gradients)
        {
            result.Add(gradient!);
            if (gradient is not null)
                t_returned.Add(gradient);
        }

        return result;
    }
}
