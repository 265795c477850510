using System.Text;
using VariationalBoN.Internal;
using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.Native;

/// <summary>Fast kernels and kept memory, each in processes of its own:
/// both belong to a process, and one of them to its beginning.</summary>
public sealed class RuntimeSettingTests
{
    private static readonly bool s_isAmd = IntelKernels.Fault() is null;

    [Fact]
    [Trait("Tier", "fast")]
    public void The_shared_object_is_small_and_as_the_format_wants_it()
    {
        byte[] file = SharedObject.WithFunction("mkl_serv_intel_cpu_true", [0xB8, 1, 0, 0, 0, 0xC3]);
        Assert.Equal(4192, file.Length);
        Assert.Equal((byte[])[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0], file[..8]);
        Assert.Contains("mkl_serv_intel_cpu_true\0", Encoding.ASCII.GetString(file), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Tier", "fast")]
    [InlineData("AuthenticAMD", true, null)]
    [InlineData("AuthenticAMD", false, "AVX2")]
    [InlineData("GenuineIntel", true, "Intel")]
    [InlineData("HygonGenuine", true, "HygonGenuine")]
    public void A_processor_that_it_is_not_for_is_named(string vendor, bool hasAvx2, string? named)
    {
        string? fault = IntelKernels.FaultOfProcessor(vendor, hasAvx2);
        if (named is null)
            Assert.Null(fault);
        else
            Assert.Contains(named, fault, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Tier", "torch")]
    public void Fast_kernels_are_in_effect_before_the_first_tensor_and_stay_so()
    {
        string[] lines = Lines("fast", "tensor", "fast", "identity"),
            plain = Lines("tensor", "identity");
        Assert.Equal(lines[0], lines[2]);
        if (!s_isAmd)
        {
            Assert.StartsWith("False ", lines[0], StringComparison.Ordinal);
            Assert.Equal((plain[0], plain[1]), (lines[1], lines[3]));
            return;
        }

        Assert.StartsWith("True ", lines[0], StringComparison.Ordinal);
        Assert.NotEqual(plain[0], lines[1]); // other kernels, other bits
        Assert.Contains("MKL as on Intel", lines[3], StringComparison.Ordinal);
        Assert.DoesNotContain("MKL", plain[1], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Tier", "torch")]
    public void Fast_kernels_are_refused_once_libtorch_is_loaded() =>
        Assert.Contains("before the first tensor", Lines("tensor", "fast")[1], StringComparison.Ordinal);

    [Fact]
    [Trait("Tier", "torch")]
    public void A_folder_that_code_cannot_be_written_to_is_the_reason()
    {
        if (!s_isAmd)
            return; // another reason comes first, which the other tests hold
        string line = KilledProcess.Output(new Dictionary<string, string> { ["TMPDIR"] = "/proc/nowhere" }, "runtime", "fast").Trim();
        Assert.StartsWith("False ", line, StringComparison.Ordinal);
        Assert.Contains("TMPDIR", line, StringComparison.Ordinal);
        Assert.Contains("/proc/nowhere", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Tier", "torch")]
    public void Kept_memory_is_in_effect_where_there_is_glibc_and_changes_no_number()
    {
        string[] lines = Lines("kept", "tensor", "kept");
        Assert.StartsWith(Glibc.Fault() is null ? "True " : "False ", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[0], lines[2]);
        Assert.Equal(Lines("tensor")[0], lines[1]);
    }

    /// <summary>In a run of the tests that asks for the fast kernels they are in effect, or this machine has none.</summary>
    [Fact]
    [Trait("Tier", "torch")]
    [Trait("Kernels", "any")]
    public void Tests_that_ask_for_the_fast_kernels_have_them() =>
        Assert.Equal(TorchThreads.AsksForFastKernels && s_isAmd, TorchRuntime.Kernels is not null);

    private static string[] Lines(params string[] steps) =>
        KilledProcess.Output(["runtime", .. steps]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
