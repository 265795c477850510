using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace SampleHosting;

/// <summary>Options whose values are checked when they are parsed: a wrong one is named with what it must be. Stateless.</summary>
public static class OptionChecks
{
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>A number with a default.</summary>
    /// <typeparam name="T">int, long or double.</typeparam>
    /// <param name="name">The name with its dashes.</param>
    /// <param name="description">For the help.</param>
    /// <param name="byDefault">The value when it is not given.</param>
    /// <param name="holds">Whether a value is in range; NaN and infinity never are.</param>
    /// <param name="range">The range behind "it must be", such as "at least 1".</param>
    public static Option<T> Number<T>(string name, string description, T byDefault, Func<T, bool> holds, string range)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => Parse(result, name, holds, range) ?? byDefault,
        };

    /// <summary>A number that may be left out: its value is null then.</summary>
    /// <typeparam name="T">int, long or double.</typeparam>
    /// <param name="name">The name with its dashes.</param>
    /// <param name="description">For the help; it says the default.</param>
    /// <param name="holds">Whether a value is in range; NaN and infinity never are.</param>
    /// <param name="range">The range behind "it must be", such as "at least 1".</param>
    public static Option<T?> Number<T>(string name, string description, Func<T, bool> holds, string range)
        where T : struct, INumber<T> => new(name) { Description = description, CustomParser = result => Parse(result, name, holds, range) };

    /// <summary>Adds the check of a text that was given.</summary>
    /// <returns>The option itself.</returns>
    public static Option<string> Checked(this Option<string> option, Func<string, bool> holds, Func<string, string> message)
    {
        option.Validators.Add((OptionResult result) => Check(result, result.Tokens, holds, message));
        return option;
    }

    /// <summary>Adds the check of a text that was given.</summary>
    /// <returns>The argument itself.</returns>
    public static Argument<string> Checked(this Argument<string> argument, Func<string, bool> holds, Func<string, string> message)
    {
        argument.Validators.Add((ArgumentResult result) => Check(result, result.Tokens, holds, message));
        return argument;
    }

    private static void Check(SymbolResult result, IReadOnlyList<Token> tokens, Func<string, bool> holds, Func<string, string> message)
    {
        if (tokens.Count == 1 && !holds(tokens[0].Value))
            result.AddError(message(tokens[0].Value));
    }

    private static T? Parse<T>(ArgumentResult result, string name, Func<T, bool> holds, string range)
        where T : struct, INumber<T>
    {
        string text = result.Tokens[0].Value;
        var style = typeof(T) == typeof(double) ? Real : NumberStyles.AllowLeadingSign;
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out T value) && T.IsFinite(value) && holds(value))
            return value;
        result.AddError($"{name} is '{text}'; it must be {(typeof(T) == typeof(double) ? "a number" : "a whole number")}, {range}");
        return null;
    }
}
