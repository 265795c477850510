using TorchSharp;

namespace VariationalBoN.Tests;

/// <summary>Counts the live tensors of the process for leak tests.</summary>
internal static class LiveTensors
{
    /// <summary>The count to start from: what other tests left to the garbage collector is collected first,
    /// so that it cannot go meanwhile.</summary>
    public static long Settled()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return torch.Tensor.TotalCount;
    }

    /// <summary>The count now, without a collection that would hide a leak.</summary>
    public static long Now => torch.Tensor.TotalCount;
}
