using System.CommandLine;
using System.Globalization;
using TorchSharp;
using VariationalBoN.Cuda;

namespace SampleHosting;

/// <summary>Options that several samples have. Stateless.</summary>
public static class CommonOptions
{
    private const string CudaPrefix = "cuda:",
        Float32 = "float32",
        BFloat16 = "bfloat16";

    /// <summary><c>--seed</c>: 0 or more, 1 by default.</summary>
    public static Option<long> Seed() =>
        OptionChecks.Number("--seed", "Seed of everything random, 0 or more.", 1L, value => value >= 0, "at least 0");

    /// <summary><c>--output</c>: a folder, which may be new; <see cref="RequireWritable"/> tries it before the work.</summary>
    public static Option<string> Output(string description) =>
        new Option<string>("--output") { Description = description }.Checked(
            IsFolder,
            value => $"--output is '{value}'; it must be a folder, which may be new"
        );

    /// <summary><c>--device</c>: cpu, cuda or cuda:index; <see cref="DeviceOf"/> looks whether it is there.</summary>
    public static Option<string> Device() =>
        new Option<string>("--device") { Description = "cpu, cuda, or cuda:<index>.", DefaultValueFactory = _ => "cpu" }.Checked(
            IsDevice,
            value => $"--device is '{value}'; it must be cpu, cuda or cuda:<index>"
        );

    /// <summary><c>--element-type</c>: float32 or bfloat16.</summary>
    public static Option<string> ElementType(string description) =>
        new Option<string>("--element-type") { Description = description, DefaultValueFactory = _ => Float32 }.Checked(
            value => value is Float32 or BFloat16,
            value => $"--element-type is '{value}'; it must be {Float32} or {BFloat16}"
        );

    /// <summary>The element type that --element-type names.</summary>
    public static torch.ScalarType ElementTypeOf(string name) => name == BFloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;

    /// <summary>Whether a path is a folder or can become one: neither it nor what it lies in is a file.</summary>
    public static bool IsFolder(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal))
            return false;
        string? there = Path.GetFullPath(path);
        while (there is not null && !Path.Exists(there))
            there = Path.GetDirectoryName(there);
        return there is null || Directory.Exists(there);
    }

    /// <summary>Makes a folder and tries to write to it, so that a run does not fail at its end because it cannot.</summary>
    /// <param name="name">The option, such as --output.</param>
    /// <param name="path">Its value.</param>
    /// <exception cref="UsageException">Nothing can be written there; the message says why.</exception>
    public static void RequireWritable(string name, string path)
    {
        string probe = Path.Combine(path, $".{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(name, path, e.Message.Replace(Path.GetFullPath(probe), path, StringComparison.Ordinal), e);
        }
    }

    /// <summary>What is thrown where nothing can be written.</summary>
    public static UsageException Unwritable(string name, string path, string reason, Exception innerException) =>
        new($"{name} is '{path}'; nothing can be written there: {reason.TrimEnd('.')}. Give another folder.", innerException);

    /// <summary>The device that --device names: the CPU, or a GPU that is there.</summary>
    /// <exception cref="VariationalBoN.TorchRuntimeException">There is no such GPU; the message says what to install.</exception>
    public static torch.Device DeviceOf(string name) =>
        name switch
        {
            "cpu" => torch.CPU,
            "cuda" => CudaDevice.Require(0),
            _ => CudaDevice.Require(int.Parse(name.AsSpan(CudaPrefix.Length), CultureInfo.InvariantCulture)),
        };

    /// <summary>Whether a text names a device: cpu, cuda or cuda:index.</summary>
    public static bool IsDevice(string value) =>
        value is "cpu" or "cuda"
        || (
            value.StartsWith(CudaPrefix, StringComparison.Ordinal)
            && int.TryParse(value.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _)
        );
}
