using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Methods that search a string; positions count code points.</summary>
internal static class StringSearch
{
    public static Value Call(StringValue text, string name, Arguments arguments, Work work)
    {
        Value?[] given = arguments.Bind(name, "/sub!", "/start", "/end");
        string wanted = StringMethods.Text(given[0]!).Text;
        (int start, int end) = Span(text, given[1], given[2], work);
        work.Charge((text.Text.Length / 8) + wanted.Length);
        if (name == "count")
            return IntegerValue.Of(start > end ? 0 : Count(text.Text.AsSpan(start, end - start), wanted));
        int found = -1;
        if (start <= end)
        {
            ReadOnlySpan<char> part = text.Text.AsSpan(start, end - start);
            found = name is "find" or "index" ? Searching.IndexOf(part, wanted) : Searching.LastIndexOf(part, wanted);
        }
        if (found < 0 && name is "index" or "rindex" && found < 0)
            throw TemplateFault.Value("substring not found");
        return IntegerValue.Of(found < 0 ? -1 : text.IndexOf(start + found));
    }

    /// <summary>A part of the text in UTF-16 units; its start lies after its end where the start is beyond the text.</summary>
    public static (int Start, int End) Span(StringValue text, Value? start, Value? end, Work work)
    {
        if (start is null && end is null)
            return (0, text.Text.Length);
        if (text.IsWide)
            work.Charge(text.Text.Length);
        BigInteger length = text.Length;
        BigInteger from = Place(start, 0, length),
            to = BigInteger.Min(Place(end, length, length), length);
        return from > length || from > to ? (1, 0) : (text.UnitOf((int)from), text.UnitOf((int)to));
    }

    private static BigInteger Place(Value? value, BigInteger otherwise, BigInteger length)
    {
        if (value is null or NoneValue)
            return otherwise;
        BigInteger place = Numbers.Integer(value);
        return place < 0 ? BigInteger.Max(place + length, 0) : place;
    }

    private static int Count(ReadOnlySpan<char> text, string wanted)
    {
        if (wanted.Length == 0)
            return new StringValue(text.ToString()).Length + 1;
        return Searching.Count(text, wanted);
    }
}
