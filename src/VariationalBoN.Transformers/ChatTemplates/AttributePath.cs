using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The attribute of a filter: names and numbers divided by dots.</summary>
internal sealed class AttributePath
{
    private readonly Value[] parts;

    private AttributePath(Value[] parts) => this.parts = parts;

    public static AttributePath Of(Value? attribute, Work work)
    {
        work.Charge(4 * ((attribute as StringValue)?.Text.Length ?? 0));
        return attribute switch
        {
            null or NoneValue => new([]),
            StringValue text => new([.. text.Text.Split('.').Select(Part)]),
            _ => new([attribute]),
        };
    }

    /// <summary>Paths of an attribute that names several, divided by commas.</summary>
    public static AttributePath[] Several(Value? attribute, Work work) =>
        attribute is StringValue text ? [.. text.Text.Split(',').Select(part => Of(new StringValue(part), work))] : [Of(attribute, work)];

    public Value Get(Value item, Work work, Value? otherwise = null)
    {
        foreach (Value part in parts)
        {
            item = Indexing.Item(item, part, work);
            if (item is UndefinedValue && otherwise is not (null or NoneValue))
                item = otherwise;
        }
        return item;
    }

    /// <summary>The key by which values are ordered: text in small letters unless case counts.</summary>
    public static Value Key(Value item, bool caseSensitive, Work work) =>
        !caseSensitive && item is StringValue text ? Casing.Lower(text, work) : item;

    private static Value Part(string part) =>
        part.Length is > 0 and < 20 && part.All(char.IsAsciiDigit)
            ? IntegerValue.Of(BigInteger.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
            : new StringValue(part);
}
