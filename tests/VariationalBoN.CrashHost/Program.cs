using VariationalBoN.CrashHost;

return args switch
{
    ["train", var folder, var steps] => await TrainingJob.RunAsync(folder, int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture)),
    ["cache", var folder, var compression] => await CacheJob.RunAsync(folder, compression),
    ["hold", var folder] => CacheJob.Hold(folder),
    _ => throw new ArgumentException($"Unknown job: {string.Join(' ', args)}"),
};
