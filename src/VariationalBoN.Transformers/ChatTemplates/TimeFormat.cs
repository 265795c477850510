using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What <c>strftime</c> writes, with English names.</summary>
internal static class TimeFormat
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static StringValue Apply(string format, DateTime time, Work work)
    {
        var all = new TextBuilder(work);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                all.Add(format[i]);
                continue;
            }
            bool bare = format[i + 1] == '-' && i + 2 < format.Length;
            i += bare ? 2 : 1;
            string field =
                Field(format[i], time)
                ?? throw TemplateFault.Unsupported($"the engine does not know '%{format[i]}' in the format of a date");
            all.Add(bare ? Bare(field) : field);
        }
        return all.Build();
    }

    private static string Bare(string field)
    {
        string trimmed = field.TrimStart('0');
        return trimmed.Length > 0 && char.IsAsciiDigit(trimmed[0]) ? trimmed
            : field.All(digit => digit == '0') ? "0"
            : field;
    }

    private static string? Field(char letter, DateTime time) =>
        letter switch
        {
            'Y' => time.Year.ToString(Culture),
            'y' => time.ToString("yy", Culture),
            'm' => time.ToString("MM", Culture),
            'd' => time.ToString("dd", Culture),
            'e' => time.Day.ToString(Culture).PadLeft(2),
            'B' => time.ToString("MMMM", Culture),
            'b' or 'h' => time.ToString("MMM", Culture),
            'A' => time.ToString("dddd", Culture),
            'a' => time.ToString("ddd", Culture),
            'H' => time.ToString("HH", Culture),
            'I' => time.ToString("hh", Culture),
            'M' => time.ToString("mm", Culture),
            'S' => time.ToString("ss", Culture),
            'f' => time.ToString("ffffff", Culture),
            'p' => time.Hour < 12 ? "AM" : "PM",
            'j' => time.DayOfYear.ToString("000", Culture),
            'w' => ((int)time.DayOfWeek).ToString(Culture),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(Culture),
            'U' => ((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7).ToString("00", Culture),
            'W' => ((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7).ToString("00", Culture),
            'V' => ISOWeek.GetWeekOfYear(time).ToString("00", Culture),
            'G' => ISOWeek.GetYear(time).ToString(Culture),
            'D' or 'x' => time.ToString("MM/dd/yy", Culture),
            'F' => time.ToString("yyyy-MM-dd", Culture),
            'T' or 'X' => time.ToString("HH:mm:ss", Culture),
            'R' => time.ToString("HH:mm", Culture),
            'c' => $"{time.ToString("ddd MMM", Culture)} {time.Day, 2} {time.ToString("HH:mm:ss yyyy", Culture)}",
            'C' => (time.Year / 100).ToString("00", Culture),
            'n' => "\n",
            't' => "\t",
            'z' or 'Z' => "",
            '%' => "%",
            _ => null,
        };
}
