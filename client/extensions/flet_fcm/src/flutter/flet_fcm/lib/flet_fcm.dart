export 'src/extension.dart' show Extension;
