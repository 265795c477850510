using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Native;

public sealed class TorchRuntimeTests
{
    [Fact]
    [Trait("Tier", "fast")]
    public void Require_when_the_library_is_missing_throws_one_exception_that_names_the_package()
    {
        var injected = new DllNotFoundException(
            "Unable to load shared library 'LibTorchSharp' or one of its dependencies.\nlibtorch.so: cannot open shared object file: No "
                + "such file or directory"
        );

        var thrown = Assert.Throws<TorchRuntimeException>(() => TorchRuntime.Require(() => throw injected));

        Assert.Same(injected, thrown.InnerException);
        Assert.Contains("TorchSharp-cpu", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cuda-linux", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("0.107.0", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Tier", "fast")]
    public void Require_when_a_real_load_fails_throws_the_same_exception()
    {
        var thrown = Assert.Throws<TorchRuntimeException>(() =>
            TorchRuntime.Require(() => NativeLibrary.Load("NoSuchLibTorchSharp", typeof(torch).Assembly, null))
        );

        Assert.IsType<DllNotFoundException>(thrown.InnerException);
    }

    [Fact]
    [Trait("Tier", "fast")]
    public void Require_when_the_load_has_another_fault_lets_it_pass_unchanged() =>
        Assert.Throws<TimeoutException>(() => TorchRuntime.Require(() => throw new TimeoutException()));

    [Fact]
    [Trait("Tier", "torch")]
    public void Require_when_the_library_is_there_lets_tensors_be_made()
    {
        TorchRuntime.Require();
        TorchRuntime.Require();

        using torch.Tensor tensor = torch.ones(3);
        Assert.Equal(3, tensor.NumberOfElements);
    }

    [Theory]
    [Trait("Tier", "fast")]
    [InlineData("/usr/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.30' not found", "linux-x64", "GCC 12")]
    [InlineData("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found", "rhel.8-x64", "glibc 2.34")]
    [InlineData("The specified procedure could not be found. (0x8007007F)", "win-x64", "dotnet/TorchSharp#1567")]
    [InlineData(
        "Unable to load DLL 'LibTorchSharp': The specified module could not be found. (0x8007007E)",
        "win-x64",
        "TorchSharp-cuda-windows"
    )]
    [InlineData("libLibTorchSharp.dylib: no such file", "osx-arm64", "TorchSharp-cpu")]
    [InlineData("no such file", "osx-x64", "linux-x64")]
    [InlineData("no such file", "linux-arm64", "linux-x64")]
    [InlineData("Error loading shared library ld-linux-x86-64.so.2", "linux-musl-x64", "not musl")]
    public void Explain_for_each_cause_names_the_system_and_its_remedy(string error, string runtimeIdentifier, string remedy)
    {
        string message = TorchLoadFailure.Explain(error, runtimeIdentifier);

        Assert.Contains(runtimeIdentifier, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Tier", "fast")]
    public void Explain_names_the_version_of_TorchSharp_that_the_library_is_built_with()
    {
        Version version = typeof(torch).Assembly.GetName().Version!;

        Assert.Contains(version.ToString(3), TorchLoadFailure.Explain("no such file", "linux-x64"), StringComparison.Ordinal);
    }
}
