using TorchSharp;
using VariationalBoN.Cuda;

namespace VariationalBoN.Tests.Cuda;

public sealed class CudaDeviceTests
{
    [Fact]
    [Trait("Tier", "torch")]
    public void Require_returns_the_device_or_says_what_to_install()
    {
        if (CudaDevice.IsAvailable)
        {
            Assert.Equal(DeviceType.CUDA, CudaDevice.Require().type);
            return;
        }

        var thrown = Assert.Throws<TorchRuntimeException>(() => CudaDevice.Require());
        Assert.Matches("TorchSharp-cuda-linux|driver", thrown.Message);
    }

    [Fact]
    [Trait("Tier", "fast")]
    public void Require_for_a_negative_index_names_the_value()
    {
        var thrown = Assert.Throws<ArgumentOutOfRangeException>(() => CudaDevice.Require(-1));

        Assert.Equal("index", thrown.ParamName);
        Assert.Contains("-1", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Tier", "fast")]
    [InlineData(0, 0, false, "TorchSharp-cuda-windows")]
    [InlineData(0, 0, true, "nvidia-smi")]
    [InlineData(3, 2, true, "no GPU 3: this machine has 2")]
    public void Explain_for_each_cause_says_what_is_missing(int index, int devices, bool hasLibraries, string expected) =>
        Assert.Contains(expected, CudaDevice.Explain(index, devices, hasLibraries), StringComparison.Ordinal);
}
