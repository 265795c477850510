using System.Globalization;

namespace VariationalBoN.Benchmarks;

/// <summary>Arguments of the benchmarks that are commands: words that switch something on, and <c>name=number</c>. Stateless.</summary>
internal static class CommandArguments
{
    /// <summary>The whole number that is given for a name, or else the default.</summary>
    internal static int Number(this string[] arguments, string name, int byDefault) =>
        arguments.FirstOrDefault(argument => argument.StartsWith(name + '=', StringComparison.Ordinal)) is string given
            ? int.Parse(given.AsSpan(name.Length + 1), CultureInfo.InvariantCulture)
            : byDefault;

    /// <summary>Settings of the process, to be made before the first tensor:
    /// <c>fast</c>, and memory that is kept. Says what is in effect.</summary>
    internal static void Apply(this string[] arguments, bool keepMemory)
    {
        if (arguments.Contains("fast"))
            Console.WriteLine(TorchRuntime.UseFastKernelsOnAmd());
        if (keepMemory)
            Console.WriteLine(TorchRuntime.KeepFreedMemory());
    }
}
