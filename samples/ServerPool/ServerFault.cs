namespace ServerPool;

/// <summary>What is wrong with a server.</summary>
internal enum ServerFault
{
    None,

    /// <summary>It says 503 to everything.</summary>
    Unavailable,

    /// <summary>It turns every third request away for now (429).</summary>
    Busy,

    /// <summary>It takes a tenth of a second more for each answer.</summary>
    Slow,

    /// <summary>It draws at 0.7 of the temperature that it is asked for.</summary>
    OtherTemperature,

    /// <summary>It takes the same seed for every request.</summary>
    OneAnswer,

    /// <summary>It tells texts alone, as servers of before do.</summary>
    WithoutIds,
}
