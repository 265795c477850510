using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SentimentControl.Datasets;
using TorchSharp;
using VariationalBoN.Cuda;

namespace SentimentControl;

/// <summary>Options of this program and of the experiments beside it, each with the check of its value. Stateless.</summary>
internal static class CommandOptions
{
    private const string CudaPrefix = "cuda:";
    private const NumberStyles Blanks = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;

    public static Option<string> Dataset() =>
        new Option<string>("--dataset")
        {
            Description = $"Text to work on: {string.Join(" or ", DatasetCatalog.Names)}.",
            DefaultValueFactory = _ => DatasetCatalog.Names[0],
        }
        .Checked(DatasetCatalog.Names.Contains, value => $"--dataset is '{value}'; it must be {string.Join(" or ", DatasetCatalog.Names)}");

    public static Option<string> N(string defaults) =>
        new Option<string>("--n")
        {
            Description = $"Comma-separated values of N, the draws that one sample is to be worth [default: {defaults}].",
        }
        .Checked(
            value => ParseN(value) is not null,
            value => $"--n is '{value}'; it must be different whole numbers from 2 to 1000, such as 2,4,8,16");

    public static Option<string> Output(string description) =>
        new Option<string>("--output") { Description = description }
        .Checked(IsFolder, value => $"--output is '{value}'; it must be a folder, which may be new");

    public static Option<string> Device() =>
        new Option<string>("--device") { Description = "cpu, cuda, or cuda:<index>.", DefaultValueFactory = _ => "cpu" }
        .Checked(IsDevice, value => $"--device is '{value}'; it must be cpu, cuda or cuda:<index>");

    public static Option<int> Threads() =>
        new Option<int>("--threads")
        {
            Description = "Fine-tuning runs at a time, one thread each.",
            DefaultValueFactory = _ => Math.Min(2, Environment.ProcessorCount),
        }
        .Checked(value => value is >= 1 and <= 64, value => $"--threads is {value}; it must be 1 to 64");

    /// <summary>Adds the check of a value that was given.</summary>
    /// <returns>The option itself.</returns>
    public static Option<T> Checked<T>(this Option<T> option, Func<T, bool> holds, Func<T, string> message)
    {
        option.Validators.Add((OptionResult result) =>
        {
            try
            {
                if (result.Tokens.Count > 0 && !result.Errors.Any() && result.GetValue(option) is T value && !holds(value))
                    result.AddError(message(value));
            }
            catch (InvalidOperationException)
            {
                result.AddError($"{option.Name} is '{result.Tokens[0].Value}'; it must be a whole number");
            }
        });
        return option;
    }

    /// <summary>Values of N in ascending order; null where the text is none.</summary>
    public static double[]? ParseN(string text) =>
        ParseWhole(text) is { } values && values.All(value => value is >= 2 and <= 1000) ? [.. values] : null;

    /// <summary>Different whole numbers of at least 0 in ascending order; null where the text is something else.</summary>
    public static long[]? ParseWhole(string text)
    {
        var values = new SortedSet<long>();
        foreach (string part in text.Split(','))
        {
            if (!long.TryParse(part, Blanks, CultureInfo.InvariantCulture, out long value) || !values.Add(value))
                return null;
        }

        return [.. values];
    }

    /// <summary>Whether a path is a folder, or can become one.</summary>
    public static bool IsFolder(string path) => !string.IsNullOrWhiteSpace(path) && !File.Exists(path);

    /// <summary>The device that --device names: the CPU, or a GPU that is there.</summary>
    /// <exception cref="VariationalBoN.TorchRuntimeException">There is no such GPU; the message says what to install.</exception>
    public static torch.Device DeviceOf(string name) => name switch
    {
        "cpu" => torch.CPU,
        "cuda" => CudaDevice.Require(0),
        _ => CudaDevice.Require(int.Parse(name.AsSpan(CudaPrefix.Length), CultureInfo.InvariantCulture)),
    };

    private static bool IsDevice(string value) => value is "cpu" or "cuda"
        || (value.StartsWith(CudaPrefix, StringComparison.Ordinal)
            && int.TryParse(value.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
