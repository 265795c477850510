using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using VariationalBoN.Tests.Architecture;

namespace VariationalBoN.Tests.Packaging;

/// <summary>What the comments of public members say, beyond being there.</summary>
[Trait("Tier", "fast")]
public sealed partial class XmlCommentTests
{
    private static readonly Dictionary<string, double> s_units = new()
    {
        ["ms"] = 1e-3,
        ["seconds"] = 1,
        ["minutes"] = 60,
        ["KiB"] = 1 << 10,
        ["MiB"] = 1 << 20,
        ["GiB"] = 1 << 30,
    };

    /// <summary>Properties that are set, of all public types whose name ends with Options.</summary>
    private static PropertyInfo[] Options { get; } =
    [
        .. Packages
            .Assemblies.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal))
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(property => property.SetMethod is { IsPublic: true }),
    ];

    [Fact]
    public void Each_option_states_its_default_as_it_is()
    {
        string[] wrong =
        [
            .. Options
                .Select(property => (Property: property, Fault: FaultOf(property, XmlComments.Of(property).Element("value"))))
                .Where(option => option.Fault is not null)
                .Select(option => $"{option.Property.DeclaringType!.Name}.{option.Property.Name}: {option.Fault}"),
        ];

        Assert.True(Options.Length > 150, $"{Options.Length} options were found.");
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData(5, "Default 4.", "5")]
    [InlineData(0.25, "Default 0.3: a quarter.", "0.25")]
    [InlineData(false, "Default true.", "False")]
    [InlineData(null, "Default 4.", "null")]
    [InlineData(4, "Default null: none.", "4")]
    [InlineData("cpu", "Default \"cuda\".", "cpu")]
    [InlineData(1024.0, "Default 1 MiB.", "1024")]
    [InlineData(DayOfWeek.Monday, "Default <see cref=\"F:System.DayOfWeek.Sunday\"/>.", "Monday")]
    [InlineData(4, "4.", "Default")]
    [InlineData(4, "Default those of <see cref=\"T:System.Int32\"/>s.", "4")]
    public void A_default_that_is_not_the_stated_one_is_found(object? actual, string stated, string named) =>
        Assert.Contains(named, Fault(actual, XElement.Parse($"<value>{stated}</value>")), StringComparison.Ordinal);

    [Theory]
    [InlineData(0.25, "Default 0.25: a quarter.")]
    [InlineData(1048576, "Default 1 MiB.")]
    [InlineData(double.PositiveInfinity, "Default infinity: no bound.")]
    [InlineData(null, "Default null.")]
    [InlineData(DayOfWeek.Monday, "Default <see cref=\"F:System.DayOfWeek.Monday\"/>.")]
    public void A_default_that_is_the_stated_one_passes(object? actual, string stated) =>
        Assert.Null(Fault(actual, XElement.Parse($"<value>{stated}</value>")));

    /// <summary>Packages hold no pages: a path into the repository leads nowhere for those who read a comment in an editor.</summary>
    [Fact]
    public void No_comment_of_a_public_member_names_a_page_of_the_repository()
    {
        (string Id, XElement Comment)[] comments = [.. XmlComments.OfPublicMembers()];

        Assert.True(comments.Length > 1000, $"{comments.Length} comments were found.");
        Assert.Empty(comments.Where(member => PageName().IsMatch(member.Comment.Value)).Select(member => member.Id));
    }

    /// <summary>A summary is read alone, in a list of completions or a tooltip.</summary>
    [Fact]
    public void No_summary_of_a_public_member_leans_on_another()
    {
        var leaning = XmlComments
            .OfPublicMembers()
            .Where(member => LeaningSummary().IsMatch(member.Comment.Element("summary")?.Value ?? ""));

        Assert.Empty(leaning.Select(member => member.Id));
    }

    private static string? FaultOf(PropertyInfo property, XElement? value)
    {
        if (property.IsDefined(typeof(RequiredMemberAttribute)))
            return value?.Value.StartsWith("Required.", StringComparison.Ordinal) == true ? null : "<value> must begin 'Required.'";
        return Fault(property.GetValue(Activator.CreateInstance(property.DeclaringType!)), value);
    }

    /// <summary>What a stated default gets wrong, null when it states the actual one.</summary>
    private static string? Fault(object? actual, XElement? value)
    {
        string stated = value?.Value.Trim() ?? "";
        if (value is null || !stated.StartsWith("Default ", StringComparison.Ordinal))
            return "<value> must begin 'Default' and what it is";
        string said = stated["Default ".Length..];
        bool holds = actual switch
        {
            null => Says(said, "null"),
            bool flag => Says(said, flag ? "true" : "false"),
            string text => said.StartsWith($"\"{text}\"", StringComparison.Ordinal),
            TimeSpan time => Number(said) == time.TotalSeconds,
            Enum or TimeProvider => Named(value).EndsWith($".{NameOf(actual)}", StringComparison.Ordinal),
            Delegate => Named(value).Length > 0,
            IConvertible number => Number(said) == number.ToDouble(CultureInfo.InvariantCulture),
            IEnumerable items => Says(said, "none") && !items.GetEnumerator().MoveNext(),
            _ => Named(value) == $"T:{actual.GetType().FullName}" && said.StartsWith("those of", StringComparison.Ordinal),
        };
        return holds ? null : string.Create(CultureInfo.InvariantCulture, $"it is {actual ?? "null"}, and <value> says '{stated}'");
    }

    private static bool Says(string said, string word) =>
        said.StartsWith(word, StringComparison.Ordinal) && !char.IsLetterOrDigit(said[word.Length]);

    private static string NameOf(object actual) => actual is TimeProvider ? nameof(TimeProvider.System) : actual.ToString()!;

    /// <summary>What the first reference of a comment is to, empty where there is none.</summary>
    private static string Named(XElement value) => (string?)value.Elements("see").FirstOrDefault()?.Attribute("cref") ?? "";

    /// <summary>The number that a text begins with, in seconds or bytes where it has such a unit; NaN where there is none.</summary>
    private static double Number(string said)
    {
        if (Says(said, "infinity"))
            return double.PositiveInfinity;
        if (Says(said, "minus infinity"))
            return double.NegativeInfinity;
        Match match = NumberAndUnit().Match(said);
        if (!match.Success)
            return double.NaN;
        return double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * s_units.GetValueOrDefault(match.Groups[2].Value, 1);
    }

    [GeneratedRegex(@"^(-?\d+(?:\.\d+)?)(?: (\w+))?")]
    private static partial Regex NumberAndUnit();

    [GeneratedRegex(@"\b[\w-]+\.md\b")]
    private static partial Regex PageName();

    [GeneratedRegex(@"^\s*(The same|As above|Ditto|Like the other)\b")]
    private static partial Regex LeaningSummary();
}
