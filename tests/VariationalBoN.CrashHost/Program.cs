using VariationalBoN.CrashHost;

return args switch
{
    ["train", var folder, var steps] => await TrainingJob.RunAsync(folder, int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture)),
    ["cache", var folder, var compression, var flush] => await CacheJob.RunAsync(folder, compression, flush == "flush"),
    ["fill", var folder, var prompts] => OpenJob.Fill(folder, int.Parse(prompts, System.Globalization.CultureInfo.InvariantCulture)),
    ["open", var folder] => OpenJob.Open(folder),
    ["open-store", var folder] => OpenJob.OpenStore(folder),
    ["hold", var folder] => CacheJob.Hold(folder),
    ["save", var what, var folder, var numbers] => SaveJob.Run(what, folder, numbers),
    ["stress", var golden, var calls, var threads, .. var filter] => StressJob.Run(golden, int.Parse(calls, System.Globalization.CultureInfo.InvariantCulture), int.Parse(threads, System.Globalization.CultureInfo.InvariantCulture), filter is [var one] ? one : ""),
    _ => throw new ArgumentException($"Unknown job: {string.Join(' ', args)}"),
};
