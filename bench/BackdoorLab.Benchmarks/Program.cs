Console.WriteLine("BackdoorLab benchmarks");
